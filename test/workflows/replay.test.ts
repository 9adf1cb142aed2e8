/** Later code must make the same commands of the histories that earlier releases left: one folder a release.
 *  A change of commands goes behind patched(). To record the histories of a new release, into the folder of its version:
 *  TUTELAGE_RECORD_HISTORIES=1 npx jest test/workflows/replay
 *  revise-before-it-was-known.json is signals.json with a signal in it that nobody listened to then. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { failureConverterPath } from '../../src/temporal/index.js';
import { runAll } from './recorded-runs.js';
import { bundleWorkflows, quietRuntime, WorkflowBed } from './workflow-bed.js';

const HISTORIES = fileURLToPath(new URL('../histories', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../../package.json', import.meta.url));
const MOST_BYTES = 200_000;

if (process.env.TUTELAGE_RECORD_HISTORIES === '1') {
  it('records', async () => {
    const folder = join(HISTORIES, JSON.parse(readFileSync(PACKAGE, 'utf8')).version);
    mkdirSync(folder, { recursive: true });
    const bed = await WorkflowBed.start();
    try {
      for (const [name, workflowId] of Object.entries(await runAll(bed))) {
        const history = await bed.client.getHandle(workflowId).fetchHistory();
        writeFileSync(join(folder, `${name}.json`), anonymous(historyToJSON(history)));
      }
    } finally {
      await bed.stop();
    }
  });
} else {
  describe.each(readdirSync(HISTORIES))('a history of release %s', (release) => {
    let bundle: WorkflowBundleWithSourceMap;
    beforeAll(async () => {
      quietRuntime();
      bundle = await bundleWorkflows();
    });

    it.each(readdirSync(join(HISTORIES, release)))('replays: %s', async (name) => {
      const text = readFileSync(join(HISTORIES, release, name), 'utf8');
      expect(text.length).toBeLessThan(MOST_BYTES);
      const history = JSON.parse(text);
      const { workflowId } = history.events[0].workflowExecutionStartedEventAttributes;
      const options = { workflowBundle: bundle, dataConverter: { failureConverterPath } };
      await expect(Worker.runReplayHistory(options, history, workflowId)).resolves.toBeUndefined();
    });
  });
}

/** Without what names the machine that recorded. */
function anonymous(json: string): string {
  const plain: unknown = JSON.parse(json, (key, value) => {
    if (key === 'stackTrace') return '';
    return key === 'identity' ? 'recorder' : value;
  });
  return `${JSON.stringify(plain, null, 1)}\n`;
}
