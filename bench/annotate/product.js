/** The product, end to end, as a user has it: the time runs from the moment in which `tutelage up` is typed (its workers are
 *  not there yet) and the run is started, to the moment in which the run has counted the votes of every text and ended. Reading
 *  the corpus, the probe, the workflows, the journals and the labels are in it. Only the Temporal server runs beforehand. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createWriteStream, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TASK_QUEUES } from '../../dist/contracts/index.js';
import {
  countTeacherWorkers,
  createClient,
  ensureDevServer,
  localServer,
  stopDevServer,
} from '../../dist/temporal/index.js';

/** Between two looks whether all workers are there. */
const POLL_MS = 200;
const SILENT = ['ignore', 'ignore', 'inherit'];
const launcher = fileURLToPath(new URL('../../bin/tutelage.js', import.meta.url));

/** texts: their count and the i-th one. store: an address below which the run gets a store of its own; null: a folder. workers: how
 *  many processes ask the teacher. atEnd: what is to be looked at before the workers stop. Returns seconds, the counts of the run,
 *  and what atEnd found. */
export async function runProduct(options) {
  const { store = null, url, task, texts, workers = 1, env = process.env, atEnd = async () => null } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-bench-'));
  const state = join(folder, '.tutelage');
  mkdirSync(state);
  const corpus = join(folder, 'corpus.jsonl');
  await pipeline(Readable.from(lines(texts)), createWriteStream(corpus));
  const server = await ensureDevServer({ folder: state, env: process.env, onProgress: () => {} });
  const client = await createClient(localServer(server.address), process.env);
  const started = [];
  try {
    const startedAt = performance.now();
    const place = ['--address', server.address, '--store', storeOf(store, folder)];
    const start = (...args) =>
      started.push(spawn(process.execPath, [launcher, ...args, ...place], { cwd: folder, env, stdio: SILENT }));
    start('up');
    for (let more = 1; more < workers; more++) start('worker', '--role', 'teacher', '--log-level', 'warn');
    // Who comes later finds the first chunks taken.
    if (workers > 1) while ((await countTeacherWorkers(client)) < workers) await sleep(POLL_MS);
    const handle = await client.workflow.start('distillation', {
      taskQueue: TASK_QUEUES.orchestrator,
      workflowId: 'bench',
      args: [{ task: { ...task, teacher: { ...task.teacher, url } }, corpus, until: 'vote' }],
    });
    const { annotation } = await handle.result();
    const seconds = (performance.now() - startedAt) / 1000;
    if (annotation.labelled !== texts.count) throw new Error(`${annotation.labelled} of ${texts.count} texts labelled`);
    return { seconds, calls: annotation.calls, busy: annotation.busy, atEnd: await atEnd(client) };
  } finally {
    await client.connection.close();
    await Promise.all(started.map(stop));
    await stopDevServer(state);
    if (process.env.BENCH_KEEP === undefined) rmSync(folder, { recursive: true, force: true });
    else console.error(`kept: ${folder} ${readdirSync(folder)}`);
  }
}

function* lines({ count, textOf }) {
  for (let i = 0; i < count; i++) yield `${JSON.stringify({ text: textOf(i) })}\n`;
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
