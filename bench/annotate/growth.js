/** (d): what grows with the corpus. The heap that is left after collection in the worker and the orchestrator, at most, and the
 *  events of the root and of its children, while the corpus grows; beside them the heap of a bare loop that asks the same. The
 *  teacher answers at once, each text gets one direct vote. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rounded } from '../machine.js';
import { runProduct } from './product.js';
import { growingTask, growingText } from './questions.js';

const MIB = 2 ** 20;
/** Longer than the probe's pause: it looks once more when the run has ended. */
const LAST_LOOK_MS = 4000;
const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));
const PROBE = pathToFileURL(pathOf('./heap-probe.js')).href;

/** Figures of one run over so many texts, and of a bare loop. */
export async function measureGrowth(texts, startTeacher) {
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-heap-'));
  const task = growingTask();
  const teacher = await startTeacher({
    latencyMs: 0,
    jitter: 0,
    perSecond: null,
    label: task.labels[0].name,
    direct: true,
  });
  const env = { ...process.env, HEAP_PROBE_FOLDER: folder, NODE_OPTIONS: `--import=${PROBE}` };
  try {
    const product = await runProduct({
      url: teacher.url,
      task,
      texts: { count: texts, textOf: growingText },
      env,
      atEnd: async (client) => {
        await sleep(LAST_LOOK_MS);
        return eventsOf(client);
      },
    });
    const { questions } = await teacher.stats();
    await teacher.reset();
    const bareSeconds = await runBareLoop({ url: teacher.url, texts }, { ...env, HEAP_PROBE_ROLE: 'bare' });
    const sameQuestions = questions === (await teacher.stats()).questions;
    const seconds = rounded(product.seconds, 1);
    return { texts, seconds, bareSeconds, ...heapsIn(folder), ...product.atEnd, sameQuestions };
  } finally {
    teacher.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Its seconds; its heap is looked at while it keeps its labels. */
async function runBareLoop(options, env) {
  const args = [pathOf('./bare-process.js'), JSON.stringify(options)];
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended]);
  await sleep(LAST_LOOK_MS);
  child.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`the bare loop ended with code ${code}`);
  return rounded(JSON.parse(line).seconds, 1);
}

/** By role, in MiB: all threads of a process together, each at its most. */
function heapsIn(folder) {
  const found = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
  const of = (role) => found.filter((each) => each.role === role);
  const heap = (role) => rounded(of(role).reduce((sum, each) => sum + each.mostHeap, 0) / MIB, 0);
  const resident = (role) => rounded(Math.max(...of(role).map((each) => each.mostResident)) / MIB, 0);
  return {
    workerHeapMiB: heap('teacher'),
    orchestratorHeapMiB: heap('orchestrator'),
    bareHeapMiB: heap('bare'),
    workerResidentMiB: resident('teacher'),
    orchestratorResidentMiB: resident('orchestrator'),
    bareResidentMiB: resident('bare'),
  };
}

/** Of every execution of the root and of its children. */
async function eventsOf(client) {
  const events = { distillation: [], annotation: [] };
  for await (const { runId, type, workflowId } of client.workflow.list()) {
    const { historyLength } = await client.workflow.getHandle(workflowId, runId).describe();
    events[type]?.push(historyLength);
  }
  return {
    rootExecutions: events.distillation.length,
    rootMostEvents: Math.max(...events.distillation),
    childExecutions: events.annotation.length,
    childMostEvents: Math.max(...events.annotation),
  };
}
