/** tutelage rollback moves the pointer and says so. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { registerRollback } from '../../src/cli/rollback.js';
import { deployedPointer, deployVersion, registerVersion } from '../../src/deployment/index.js';
import { openFileStore, type Store } from '../../src/store/index.js';
import { newVersion } from '../deployment/new-version.js';
import { runCommand } from './run-command.js';

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rollback-'));
  store = await openFileStore(folder);
  const file = await store.write('runs/r/1/model.onnx', 'weights');
  for (const version of [1, 2]) {
    await registerVersion(store, newVersion([file], { workflowId: `run-${version}` }));
    await deployVersion(store, 'tone', version, 'Ada');
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

const rollBack = async (...args: string[]) =>
  (await runCommand(registerRollback, ['rollback', 'tone', '--store', folder, ...args])).stdout;

describe('rollback', () => {
  it('goes to the version before and notes who did it', async () => {
    expect(await rollBack('--as', 'Grace')).toBe('tone: version 1 is deployed in place of 2\n');
    expect(await deployedPointer(store, 'tone')).toMatchObject({ version: 1, by: 'Grace' });
  });

  it('notes the name of the user where none is given, and prints the pointer with --json', async () => {
    const pointer = JSON.parse(await rollBack('--json'));
    expect(pointer).toEqual({ task: 'tone', ...(await deployedPointer(store, 'tone')) });
    expect(pointer).toMatchObject({ version: 1, by: userInfo().username });
  });

  it('says that nothing changes when --to names the deployed version', async () => {
    expect(await rollBack('--to', '2')).toBe('tone: version 2 is already deployed\n');
  });

  it.each(['0', '1.5', 'two'])('refuses --to %s', async (version) => {
    await expect(rollBack('--to', version)).rejects.toMatchObject({ code: 'commander.invalidArgument' });
    expect((await deployedPointer(store, 'tone'))?.version).toBe(2);
  });
});
