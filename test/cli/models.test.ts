/** tutelage models lists versions and marks the deployed ones. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerModels } from '../../src/cli/models.js';
import { deployVersion, registerVersion } from '../../src/deployment/index.js';
import { openFileStore } from '../../src/store/index.js';
import { newVersion } from '../deployment/new-version.js';
import { runCommand } from './run-command.js';

let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'models-'));
  const store = await openFileStore(folder);
  const file = await store.write('runs/r/1/model.onnx', 'weights');
  const now = () => new Date('2026-03-04T05:06:07.000Z');
  await registerVersion(store, newVersion([file], { workflowId: 'run-1' }), now);
  await registerVersion(store, newVersion([file], { workflowId: 'run-2' }), now);
  await registerVersion(store, newVersion([file], { task: 'topics' }), now);
  await deployVersion(store, 'tone', 1, 'Ada');
});
afterEach(() => rmSync(folder, { recursive: true }));

const list = async (...args: string[]) =>
  (await runCommand(registerModels, ['models', '--store', folder, ...args])).stdout;

describe('models', () => {
  it('shows date, kind, accuracy and the deployed mark of every version of every task', async () => {
    const cells = (await list())
      .trim()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    const rest = ['2026-03-04 05:06', 'linear', '90.0 %', '200 gold rows', 'Ada'];
    expect(cells.slice(1)).toEqual([
      ['tone', '1', ...rest, 'deployed'],
      ['tone', '2', ...rest],
      ['topics', '1', ...rest],
    ]);
  });

  it('shows one task only, and with --json everything that is known', async () => {
    const versions = JSON.parse(await list('tone', '--json'));
    expect(versions).toMatchObject([
      { version: 1, deployed: true, provenance: { workflowId: 'run-1' } },
      { version: 2, deployed: false, provenance: { workflowId: 'run-2' } },
    ]);
  });

  it('refuses a task without models and names those that have some', async () => {
    await expect(list('tunes')).rejects.toThrow(/there are models of tone, topics \(did you mean tone\?\)/);
  });

  it('makes no store where there is none', async () => {
    const nowhere = join(folder, 'nowhere');
    const args = ['models', '--store', nowhere];
    await expect(runCommand(registerModels, args)).rejects.toThrow(`there is no store at ${nowhere}`);
    expect(existsSync(nowhere)).toBe(false);
  });
});
