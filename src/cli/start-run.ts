/** Starting a run from the command line: says what it may cost, asks, starts what is needed, starts the workflow or finds it. */
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { type Client, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import pc from 'picocolors';
import {
  counted,
  type DistillationInput,
  inNumber,
  TASK_QUEUES,
  type Task,
  type TeacherSettings,
} from '../contracts/index.js';
import { type Survey, surveyRun } from '../planning/index.js';
import { openStore } from '../store/index.js';
import { canonicalJson } from '../tasks/index.js';
import {
  askedTeachers,
  createTeacher,
  modelOfRecording,
  priceOf,
  type QuestionTeacher,
  TeacherRefusedError,
  teacherHost,
} from '../teachers/index.js';
import { createClient, type ServerFlags } from '../temporal/index.js';
import { currentStateFolder, storeLocation } from './command-options.js';
import { ensureUp } from './ensure-up.js';

export interface StartedRun {
  /** Close its connection. */
  readonly client: Client;
  readonly runId: string;
}

export interface RunToStart {
  readonly workflowId: string;
  /** The workflow's input. */
  readonly sent: Record<string, unknown>;
  readonly summary: string;
}

/** Between this machine and the server. */
const CLOCKS_DIFFER_MS = 1000;

/** The same task on the same files is the same run, whoever approves it. */
export function runIdOf(task: Task, { approveAs: _who, ...identity }: DistillationInput): string {
  const digest = createHash('sha256').update(canonicalJson(identity)).digest('hex').slice(0, 8);
  return `${task.name}-${digest}`;
}

/** What the run would ask, with the replies that its store holds taken off. */
export async function surveyOf(task: Task, input: DistillationInput): Promise<Survey> {
  const store = await openStore(storeLocation(input.store ?? undefined));
  const teachers = new Map<string, QuestionTeacher>();
  for (const [name, settings] of askedTeachers(task)) {
    const [model, price] = [await modelOf(name, settings), await priceOf(settings)];
    teachers.set(name, { settings, model, price, jsonSchema: false });
  }
  return surveyRun(task, input, { store, teachers });
}

/** The model that will answer, which an endpoint is asked for where the task names none; null where it does not tell. */
async function modelOf(name: string, settings: TeacherSettings): Promise<string | null> {
  if (settings.provider === 'recorded') return modelOfRecording(name, settings);
  if (settings.model !== null || settings.url === null) return settings.model;
  try {
    const teacher = await createTeacher(settings, { env: process.env, name, readRecording: () => emptyRecording() });
    await teacher.close();
    return teacher.model;
  } catch (error) {
    // The run itself will say why, in its own words, before a call.
    if (error instanceof TeacherRefusedError) return null;
    throw error;
  }
}

async function* emptyRecording(): AsyncGenerator<string> {}

/** Says what the calls may cost, and asks where a person can answer. */
export async function confirmed(task: Task, survey: Survey, yes: boolean): Promise<boolean> {
  process.stderr.write(`${inWords(task, survey)}\n`);
  if (yes || hostsOf(task).length === 0 || !process.stdin.isTTY || !process.stderr.isTTY) return true;
  const questions = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await questions.question('Go on? [y/N] ')).trim());
  } finally {
    questions.close();
  }
}

/** Hosts that texts are sent to, each once. */
export function hostsOf(task: Task): string[] {
  const sending = [...askedTeachers(task).values()].filter(({ provider }) => provider !== 'recorded');
  return [...new Set(sending.map(teacherHost))];
}

export async function startRun({ sent, summary, workflowId }: RunToStart, flags: ServerFlags): Promise<StartedRun> {
  const ready = await ensureUp({
    folder: currentStateFolder(),
    env: process.env,
    flags,
    store: storeLocation(undefined),
    onProgress: (line) => process.stderr.write(`${pc.dim(line)}\n`),
  });
  const client: Client = await createClient(ready.server, process.env);
  try {
    const askedAt = Date.now();
    const handle = await client.workflow.start('distillation', {
      taskQueue: TASK_QUEUES.orchestrator,
      workflowId,
      // The same command again attaches to the run that it started; after its end it starts anew and pays for new texts only.
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      args: [sent],
      staticSummary: summary,
    });
    const { startTime } = await handle.describe();
    if (startTime.getTime() < askedAt - CLOCKS_DIFFER_MS) {
      process.stderr.write(`this run was started at ${startTime.toISOString()} and is still open: attached to it\n`);
    }
    process.stderr.write(
      `run ${pc.bold(workflowId)}${ready.uiAddress === null ? '' : `, board: ${ready.uiAddress}/namespaces/${client.options.namespace}/workflows/${workflowId}`}\n`,
    );
    return { client, runId: handle.firstExecutionRunId };
  } catch (error) {
    await client.connection.close();
    throw error;
  }
}

function inWords(task: Task, { open, teachers, worstMicros }: Survey): string {
  const hosts = hostsOf(task);
  if (hosts.length === 0) return `${counted(open, 'reply', 'replies')} from a recording; nothing is paid`;
  const { budget } = task;
  const calls = Math.min(open, budget.calls ?? Number.POSITIVE_INFINITY);
  const worst = worstMicros === null ? null : Math.min(worstMicros / 1e6, budget.usd ?? Number.POSITIVE_INFINITY);
  const money = worst === null ? 'at a price that is not known (set teacher.price)' : `at most $${worst.toFixed(2)}`;
  const replies = teachers.reduce((sum, { known }) => sum + known.replies, 0);
  const reused =
    replies === 0
      ? ''
      : `; ${counted(replies, 'reply', 'replies')} of earlier runs ${inNumber(replies, 'is', 'are')} used again`;
  return `at most ${counted(calls, 'call')} to ${pc.bold(hosts.join(' and '))} (failed ones are repeated), ${money}${reused}`;
}
