/** tutelage demo: the main job on this machine, without a key: a corpus of made-up news, a teacher that replays recorded
 *  replies over HTTP, a teacher worker that is killed on the way, approval, training, measuring, deployment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import pc from 'picocolors';
import { counted, DistillationInput, TASK_QUEUES } from '../contracts/index.js';
import { ownPackageFolder } from '../tasks/index.js';
import { createClient } from '../temporal/index.js';
import { currentStateFolder, storeLocation } from './command-options.js';
import { ensureUp } from './ensure-up.js';
import { followRun } from './follow-run.js';
import { askProgress, sendDecision } from './run-client.js';
import { reportEnd, untilInterrupted } from './run-end.js';
import { runningWorkers } from './worker-fleet.js';

interface Flags {
  readonly interactive?: true;
  readonly kill: boolean;
  readonly json?: true;
}

interface TeacherStats {
  readonly requests: number;
  readonly answered200: number;
  readonly answered429: number;
  readonly answered500: number;
  readonly inFlight: number;
  readonly questions: number;
  readonly paidTwice: number;
}

const launcher = fileURLToPath(new URL('../../bin/tutelage.js', import.meta.url));
const REVIEWER = 'demo';
const POLL_MS = 100;
/** The worker is killed when this share of the replies has come. */
const KILL_AT = 0.4;

export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('show the whole pipeline on this machine: no key, nothing to pay')
    .option('--interactive', 'leave the approvals to you')
    .option('--no-kill', 'do not kill the teacher worker on the way')
    .option('--json', 'print the result as one JSON object on the last line')
    .action(demo);
}

async function demo(flags: Flags): Promise<void> {
  const startedAt = Date.now();
  const data = join(ownPackageFolder(), 'examples', 'demo');
  say('A teacher that replays recorded replies over HTTP: 80 ms each, sometimes 429, sometimes 500');
  const teacher = await startTeacher(join(data, 'replies.jsonl'));
  try {
    const ready = await ensureUp({
      folder: currentStateFolder(),
      env: process.env,
      flags: {},
      store: storeLocation(undefined),
      onProgress: (line) => process.stderr.write(`${pc.dim(line)}\n`),
    });
    const client = await createClient(ready.server, process.env);
    try {
      // A store of its own, so that a second demo pays again, as the first one did. The last one's is thrown away.
      const demos = join(currentStateFolder(), 'demo');
      const workflowId = `demo-${startedAt.toString(36)}`;
      const store = join(demos, workflowId);
      rmSync(demos, { recursive: true, force: true });
      const input = DistillationInput.parse({
        task: 'financial-sentiment',
        set: {
          'teacher.url': teacher.url,
          'teacher.model': null,
          'teacher.extraBody': {},
          'annotation.chunkTexts': 60,
          'teacher.concurrency': 16,
        },
        corpus: { path: join(data, 'corpus.jsonl') },
        gold: { path: join(data, 'gold.jsonl') },
        store,
      });
      await client.workflow.start('distillation', {
        taskQueue: TASK_QUEUES.orchestrator,
        workflowId,
        args: [input],
        staticSummary: 'demo: financial sentiment of 300 made-up sentences',
      });
      say(`Run ${pc.bold(workflowId)}`);
      if (ready.uiAddress !== null) {
        process.stderr.write(
          `  board: ${ready.uiAddress}/namespaces/${client.options.namespace}/workflows/${workflowId}\n`,
        );
      }
      const killing = flags.kill ? killOnTheWay(client, workflowId, teacher) : null;
      if (!flags.interactive) void approveAsDemo(client, workflowId);
      const end = await followRun(client, workflowId, untilInterrupted());
      await reportEnd(end, { workflowId, json: flags.json === true, labelsOut: null });
      if (end?.failure === null) await showAccount(teacher, await killing, store, Date.now() - startedAt);
    } finally {
      await client.connection.close();
    }
  } finally {
    teacher.process.kill('SIGTERM');
  }
}

interface RunningTeacher {
  readonly process: ChildProcess;
  readonly url: string;
  readonly stats: () => Promise<TeacherStats>;
}

async function startTeacher(replies: string): Promise<RunningTeacher> {
  const faults = ['--latency', '80', '--jitter', '0.5', '--share-429', '0.02', '--share-500', '0.02'];
  const child = spawn(process.execPath, [launcher, 'teacher', '--replies', replies, ...faults], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Out of reach of the terminal's Ctrl-C, which ends the watching only.
    detached: true,
  });
  process.on('exit', () => child.kill('SIGTERM'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { url, stats }: { url: string; stats: string } = JSON.parse(line);
  return { process: child, url, stats: async () => (await (await fetch(stats)).json()) as TeacherStats };
}

interface Kill {
  readonly repliesBefore: number;
  readonly inFlight: number;
}

/** SIGKILL for the teacher worker while calls are in flight. */
async function killOnTheWay(client: Client, workflowId: string, teacher: RunningTeacher): Promise<Kill | null> {
  let calls = 0;
  for (;;) {
    await sleep(POLL_MS);
    const stats = await teacher.stats().catch(() => null);
    if (stats === null) return null;
    if (calls === 0) calls = (await askProgress(client, workflowId))?.callsAtMost ?? 0;
    if (calls === 0 || stats.answered200 < KILL_AT * calls || stats.inFlight === 0) continue;
    const worker = runningWorkers(currentStateFolder()).find(({ role }) => role === 'teacher');
    if (worker === undefined) return null;
    const { pid } = worker.process;
    process.kill(pid, 'SIGKILL');
    process.stderr.write(
      `\n${pc.yellow('✂')} kill -9 ${pid}: the teacher worker dies with ${counted(stats.inFlight, 'call')} in flight; another one starts and reads the journals (about 10 s)\n`,
    );
    return { repliesBefore: stats.answered200, inFlight: stats.inFlight };
  }
}

async function approveAsDemo(client: Client, workflowId: string): Promise<void> {
  const decided = new Set<string>();
  while (decided.size < 2) {
    await sleep(POLL_MS * 5);
    const gate = (await askProgress(client, workflowId).catch(() => null))?.waitingFor?.gate;
    if (gate === undefined || decided.has(gate)) continue;
    decided.add(gate);
    await sleep(POLL_MS * 10);
    process.stderr.write(pc.yellow(`  the demo approves the gate "${gate}" itself, as "${REVIEWER}"\n`));
    await sendDecision(client, workflowId, {
      gate,
      decision: 'approve',
      reviewer: REVIEWER,
      note: 'approved by the demo itself',
      corrections: null,
      revision: null,
      decisionId: `${workflowId}-${gate}`,
    });
  }
}

async function showAccount(
  teacher: RunningTeacher,
  kill: Kill | null,
  store: string,
  elapsedMs: number,
): Promise<void> {
  const stats = await teacher.stats();
  // As people would type it here: from a clone, or from an installed package.
  const command = process.env.npm_lifecycle_event === 'demo' ? 'node bin/tutelage.js' : 'npx tutelage';
  const lines = [
    '',
    pc.bold("The teacher's own account"),
    `  ${stats.requests} requests: ${stats.answered200} replies to ${stats.questions} questions, ${stats.answered429} times 429, ${stats.answered500} times 500`,
  ];
  if (kill !== null) {
    lines.push(
      `  killed after ${counted(kill.repliesBefore, 'reply', 'replies')} with ${counted(kill.inFlight, 'call')} in flight; paid twice: ${stats.paidTwice}, lost: none`,
    );
  }
  lines.push(
    `  the demo took ${Math.round(elapsedMs / 1000)} s`,
    '',
    pc.bold('What next'),
    `  ${command} predict --task financial-sentiment --store ${relative(process.cwd(), store)} --text "Net profit rose to a record"`,
    `  ${command} distill financial-sentiment --corpus YOUR.csv --text-column COLUMN --teacher-url http://localhost:8000/v1`,
    `  ${command} up      the Temporal UI with the board, until Ctrl-C`,
  );
  process.stderr.write(`${lines.join('\n')}\n`);
}

function say(text: string): void {
  process.stderr.write(`${pc.bold(`▸ ${text}`)}\n`);
}
