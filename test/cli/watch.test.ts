/** tutelage watch, of a run that has ended, where no server runs any more. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerWatch } from '../../src/cli/run-commands.js';
import { RunOutcome } from '../../src/contracts/index.js';
import { openStore } from '../../src/store/index.js';
import { RunReport } from '../../src/workflows/run-report.js';
import { runCommand } from './run-command.js';

const startedIn = process.cwd();
const configured = { ...process.env };
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'watch-'));
  process.chdir(folder);
  for (const name of Object.keys(process.env)) if (/^(TEMPORAL|TUTELAGE)_/.test(name)) delete process.env[name];
  process.env.TEMPORAL_CONFIG_FILE = join(folder, 'none.toml');
});
afterAll(() => {
  process.chdir(startedIn);
  process.env = configured;
  process.exitCode = 0;
  rmSync(folder, { recursive: true });
});

it('says that there is no server, and makes no store', async () => {
  const watched = runCommand(registerWatch, ['watch', 'monthly']);
  await expect(watched).rejects.toThrow('no Temporal server runs for this folder');
  expect(existsSync(join(folder, '.tutelage'))).toBe(false);
});

it('tells how the run ended, as its store knows', async () => {
  const store = await openStore(join(folder, '.tutelage', 'store'));
  const run = { workflowId: 'monthly', folder: 'runs/monthly/first', store: store.ref };
  const outcome = RunOutcome.parse({
    run,
    endedAt: '2026-01-02T03:04:05.000Z',
    failure: { type: 'Cancelled', message: 'the run was cancelled' },
    result: new RunReport('monthly', () => {}).result(),
  });
  await store.write('runs/monthly/first/outcome.json', JSON.stringify(outcome));
  const { stderr } = await runCommand(registerWatch, ['watch', 'monthly']);
  expect(stderr).toBe(
    'no Temporal server runs for this folder; the run ended at 2026-01-02T03:04:05.000Z\n✘ the run was cancelled\n',
  );
  await expect(runCommand(registerWatch, ['watch', 'weekly'])).rejects.toThrow('no Temporal server runs');
});
