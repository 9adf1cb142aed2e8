/** The product, end to end, as a user has it: the time runs from the moment in which `tutelage up` is typed (its workers are
 *  not there yet) and the run is started, to the moment in which the run has counted the votes of every text and ended. Reading
 *  the corpus, the probe, the workflows, the journals and the labels are in it. Only the Temporal server runs beforehand. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TASK_QUEUES } from '../../dist/contracts/index.js';
import { createClient, ensureDevServer, localServer, stopDevServer } from '../../dist/temporal/index.js';

const launcher = fileURLToPath(new URL('../../bin/tutelage.js', import.meta.url));

/** store: an address below which the run gets a store of its own; null: a folder. Returns seconds, and the counts of the run. */
export async function runProduct({ store, url, task, texts }) {
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-bench-'));
  const state = join(folder, '.tutelage');
  mkdirSync(state);
  const corpus = join(folder, 'corpus.jsonl');
  writeFileSync(corpus, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  const server = await ensureDevServer({ folder: state, env: process.env, onProgress: () => {} });
  const client = await createClient(localServer(server.address), process.env);
  let up = null;
  try {
    const startedAt = performance.now();
    const options = { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] };
    const args = [launcher, 'up', '--address', server.address, '--store', storeOf(store, folder)];
    up = spawn(process.execPath, args, options);
    const handle = await client.workflow.start('distillation', {
      taskQueue: TASK_QUEUES.orchestrator,
      workflowId: 'bench',
      args: [{ task: { ...task, teacher: { ...task.teacher, url } }, corpus, until: 'vote' }],
    });
    const { annotation } = await handle.result();
    const seconds = (performance.now() - startedAt) / 1000;
    if (annotation.labelled !== texts.length)
      throw new Error(`${annotation.labelled} of ${texts.length} texts labelled`);
    return { seconds, calls: annotation.calls, busy: annotation.busy };
  } finally {
    await client.connection.close();
    if (up !== null) await stop(up);
    await stopDevServer(state);
    if (process.env.BENCH_KEEP === undefined) rmSync(folder, { recursive: true, force: true });
    else console.error(`kept: ${folder} ${readdirSync(folder)}`);
  }
}

/** Without the replies of other runs. */
function storeOf(store, folder) {
  return store === null ? join(folder, 'store') : `${store}/${randomUUID()}`;
}

function stop(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once('exit', resolve);
    child.kill('SIGINT');
  });
}
