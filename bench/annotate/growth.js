/** (d): what grows with the corpus. The heap that is left after collection in the worker and the orchestrator, at most, and the
 *  events of the root and of its children, while the corpus grows. The teacher answers at once, each text gets one direct vote. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rounded } from '../machine.js';
import { runProduct } from './product.js';

const MIB = 2 ** 20;
/** Longer than the probe's pause: it looks once more when the run has ended. */
const LAST_LOOK_MS = 4000;
const PROBE = pathToFileURL(fileURLToPath(new URL('./heap-probe.js', import.meta.url))).href;

/** Figures of one run over so many texts. */
export async function measureGrowth(texts, { startTeacher, task, textOf }) {
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-heap-'));
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
      texts: { count: texts, textOf },
      env,
      atEnd: async (client) => {
        await sleep(LAST_LOOK_MS);
        return { ...heaps(folder), ...(await eventsOf(client)) };
      },
    });
    return { texts, seconds: rounded(product.seconds, 1), ...product.atEnd };
  } finally {
    teacher.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** By role, in MiB: all threads of a process together, each at its most. */
function heaps(folder) {
  const found = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
  const of = (role) => found.filter((each) => each.role === role);
  const heap = (role) => rounded(of(role).reduce((sum, each) => sum + each.mostHeap, 0) / MIB, 0);
  const resident = (role) => rounded(Math.max(...of(role).map((each) => each.mostResident)) / MIB, 0);
  return {
    workerHeapMiB: heap('teacher'),
    orchestratorHeapMiB: heap('orchestrator'),
    workerResidentMiB: resident('teacher'),
    orchestratorResidentMiB: resident('orchestrator'),
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
