import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DistillationInput, parseOrExplain } from '../../src/contracts/index.js';
import { resolveTask } from '../../src/tasks/index.js';

const root = join(__dirname, '..', '..');
const names = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.json'));

describe('the inputs in examples/', () => {
  it.each(names)('%s is one that the workflows take, for a task that there is', async (name) => {
    const parsed = parseOrExplain(DistillationInput, JSON.parse(readFileSync(join(root, 'examples', name), 'utf8')));
    if (!parsed.ok) throw new Error(parsed.problems);
    const { set, task } = parsed.value;
    const readStored = () => Promise.reject(new Error('the examples have no store'));
    const resolved = await resolveTask({ task, set, cwd: root, readStored });
    expect(resolved.task.labels.map((label) => label.name)).toEqual(['negative', 'neutral', 'positive']);
  });
});
