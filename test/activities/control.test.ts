/** Small activities of the orchestrator. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createControlActivities } from '../../src/activities/control.js';
import { withFailureTypes } from '../../src/activities/failures.js';
import { openFileStore } from '../../src/store/index.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tutelage-control-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('a task in a store is named from the store that the input names, not from the workers', async () => {
  const [ofWorkers, ofRun] = [await openFileStore(join(folder, 'workers')), await openFileStore(join(folder, 'run'))];
  const shipped = readFileSync(new URL('../../config/tasks/financial-sentiment.yaml', import.meta.url), 'utf8');
  await ofRun.write('tasks/tone.yaml', shipped.replace('name: financial-sentiment', 'name: tone'));
  const { nameTask } = createControlActivities({ store: ofWorkers, env: {}, teacherWorkers: () => 0 });
  const asked = { task: 'store:tasks/tone.yaml', set: {} };
  expect(await nameTask({ ...asked, store: ofRun.ref.uri })).toEqual({ taskName: 'tone' });
  await expect(nameTask({ ...asked, store: null })).rejects.toThrow('the store has no file tasks/tone.yaml');
});

it.each(['tasks/none.yaml', '../none.yaml'])(
  'a task at store:%s, where there is none, is refused once',
  async (path) => {
    const store = await openFileStore(join(folder, 'workers'));
    const { nameTask } = withFailureTypes(createControlActivities({ store, env: {}, teacherWorkers: () => 0 }));
    await expect(nameTask({ task: `store:${path}`, set: {} })).rejects.toMatchObject({
      type: 'InvalidInput',
      nonRetryable: true,
      message: expect.stringContaining(`task (store:${path})`),
    });
  },
);
