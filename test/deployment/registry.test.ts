/** The pointer to the deployed version moves in one step, and back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  deployedPointer,
  deployedVersion,
  deployments,
  deployVersion,
  findVersion,
  listTasks,
  RegistryError,
  registerVersion,
  rollback,
} from '../../src/deployment/index.js';
import { openFileStore, type Store } from '../../src/store/index.js';
import { newVersion } from './new-version.js';

let folder: string;
let store: Store;
let minute: number;
const now = () => new Date(Date.UTC(2026, 0, 1, 0, minute++));

beforeEach(async () => {
  minute = 0;
  folder = mkdtempSync(join(tmpdir(), 'registry-'));
  store = await openFileStore(folder);
  const file = await store.write('runs/r/1/student/model.onnx', 'weights');
  for (const workflowId of ['run-1', 'run-2', 'run-3']) {
    await registerVersion(store, newVersion([file], { workflowId }));
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('deployVersion', () => {
  it('deploys nothing by itself', async () => {
    expect(await deployedVersion(store, 'tone')).toBeNull();
    expect(await listTasks(store)).toEqual(['tone']);
  });

  it('moves the pointer and keeps who moved it when', async () => {
    await deployVersion(store, 'tone', 1, 'Ada', now);
    await deployVersion(store, 'tone', 3, 'Grace', now);
    const first = { version: 1, at: '2026-01-01T00:00:00.000Z', by: 'Ada', previous: null };
    const second = { version: 3, at: '2026-01-01T00:01:00.000Z', by: 'Grace', previous: 1 };
    expect(await deployedPointer(store, 'tone')).toEqual(second);
    expect((await deployedVersion(store, 'tone'))?.provenance.workflowId).toBe('run-3');
    expect(await deployments(store, 'tone')).toEqual([first, second]);
    expect(await store.list('models/tone/history')).toEqual([
      'models/tone/history/2026-01-01T00-00-00.000Z-000001.json',
      'models/tone/history/2026-01-01T00-01-00.000Z-000003.json',
    ]);
  });

  it('does not replace a version that came after the comparison, and says how to deploy it all the same', async () => {
    await deployVersion(store, 'tone', 1, 'Ada', now, null);
    await deployVersion(store, 'tone', 2, 'Ada', now, 1);
    const late = deployVersion(store, 'tone', 3, 'Grace', now, 1);
    await expect(late).rejects.toThrow(RegistryError);
    await expect(late).rejects.toThrow(
      'version 3 of tone is registered and not deployed: it was compared when version 1 was deployed, and now version 2 is, by Ada',
    );
    expect(await deployedPointer(store, 'tone')).toMatchObject({ version: 2 });
    // An activity that runs again has replaced it already.
    expect(await deployVersion(store, 'tone', 2, 'Ada', now, 1)).toMatchObject({ version: 2 });
    await rollback(store, 'tone', 'Grace', 3, now);
    expect(await deployedPointer(store, 'tone')).toMatchObject({ version: 3, previous: 2 });
  });

  it('leaves the pointer as it is when the version is deployed already, as when an activity runs again', async () => {
    const pointer = await deployVersion(store, 'tone', 2, 'Ada', now);
    expect(await deployVersion(store, 'tone', 2, 'Ada', now)).toEqual(pointer);
    expect(await deployments(store, 'tone')).toHaveLength(1);
  });

  it('refuses a version that is not there and names those that are', async () => {
    const deploy = deployVersion(store, 'tone', 7, 'Ada');
    await expect(deploy).rejects.toThrow(RegistryError);
    await expect(deploy).rejects.toThrow('task tone has no version 7; it has 1, 2, 3');
  });
});

describe('rollback', () => {
  beforeEach(async () => {
    for (const version of [1, 2, 3]) await deployVersion(store, 'tone', version, 'Ada', now);
  });

  it('goes one deployment back each time, and not forward again', async () => {
    expect(await rollback(store, 'tone', 'Grace', undefined, now)).toMatchObject({
      version: 2,
      by: 'Grace',
      previous: 1,
    });
    expect(await rollback(store, 'tone', 'Grace', undefined, now)).toMatchObject({ version: 1, previous: null });
    await expect(rollback(store, 'tone', 'Grace')).rejects.toThrow('version 1 is the first that was deployed');
    expect((await deployedPointer(store, 'tone'))?.version).toBe(1);
  });

  it('goes to the given version', async () => {
    await rollback(store, 'tone', 'Grace', 1, now);
    expect((await deployedVersion(store, 'tone'))?.version).toBe(1);
  });

  it('refuses a version that is not there and leaves the pointer', async () => {
    await expect(rollback(store, 'tone', 'Grace', 9)).rejects.toThrow(RegistryError);
    expect((await deployedPointer(store, 'tone'))?.version).toBe(3);
  });
});

it('rollback refuses a task where nothing is deployed', async () => {
  await expect(rollback(store, 'tone', 'Grace')).rejects.toThrow('nothing is deployed; name a version with --to');
});

it('findVersion names the tasks there are, and the nearest, for a task without models', async () => {
  await expect(findVersion(store, 'tune', 1)).rejects.toThrow(/there are models of tone \(did you mean tone\?\)$/);
});

it.each([
  ['cut off', (json: string) => json.slice(0, 40)],
  ['without a field', (json: string) => json.replace('"kind"', '"sort"')],
])('names the file of a version that is damaged: %s', async (_, damaged) => {
  const path = 'models/tone/versions/000002/version.json';
  await store.write(path, damaged(Buffer.from(await store.read(path)).toString('utf8')));
  const refused = {
    name: 'RegistryError',
    message: expect.stringMatching(`^${path} in .* is damaged, or .* remove it$`),
  };
  await expect(findVersion(store, 'tone', 2)).rejects.toMatchObject(refused);
  await expect(listTasks(store)).rejects.toMatchObject(refused);
  expect((await findVersion(store, 'tone', 1)).version).toBe(1);
});
