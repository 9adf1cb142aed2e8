/** tutelage distill: starts everything needed, starts or finds the run, and follows it to its end. */
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { type Client, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import { type Command, Option } from 'commander';
import pc from 'picocolors';
import { type DistillationInput, TASK_QUEUES, type Task } from '../contracts/index.js';
import { canonicalJson, TaskError } from '../tasks/index.js';
import { createClient, type ServerFlags } from '../temporal/index.js';
import { callsToExpect, type ExpectedCalls } from './calls-to-expect.js';
import { currentStateFolder, storeLocation, withServerOptions } from './command-options.js';
import { ensureUp } from './ensure-up.js';
import { ExitCode } from './exit-codes.js';
import { followRun } from './follow-run.js';
import { reportEnd, untilInterrupted } from './run-end.js';
import { type RunFlags, runInput, withRunOptions } from './run-input.js';
import { checkLabelsOut } from './write-labels.js';

interface Flags extends ServerFlags, RunFlags {
  readonly labelsOut?: string;
  readonly id?: string;
  readonly yes?: true;
  readonly detach?: true;
  readonly json?: true;
}

/** Between this machine and the server. */
const CLOCKS_DIFFER_MS = 1000;
/** Characters; the server takes 400 bytes. */
const MAX_SUMMARY = 200;

export function registerDistill(program: Command): void {
  const command = program
    .command('distill')
    .description('label a corpus with a teacher, vote, ask for approval, train a student, measure and deploy it');
  withRunOptions(command)
    .option('--labels-out <file>', 'write text, label, agreement, reason to a CSV, JSONL or Parquet file')
    .option('--id <workflow-id>', 'name of the run; default: made from task and corpus')
    .option('--yes', 'do not ask before the first call')
    .addOption(new Option('--detach', 'start the run and return').conflicts('labelsOut'))
    .option('--json', 'print the result as one JSON object on the last line');
  withServerOptions(command).action(distill);
}

async function distill(taskName: string, flags: Flags): Promise<void> {
  const { input, missing, sent, task } = await runInput(taskName, flags, 'content');
  if (missing.length > 0) throw new TaskError(`${missing.join(', ')}: there is no such file`);
  const workflowId = flags.id ?? runId(task, input);
  if (flags.labelsOut !== undefined) await checkLabelsOut(flags.labelsOut);
  if (!(await confirmed(task, input, flags))) {
    process.stderr.write('Nothing was started.\n');
    process.exitCode = ExitCode.InputRefused;
    return;
  }
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
      staticSummary: `${task.name}: ${flags.corpus.join(', ')}`.slice(0, MAX_SUMMARY),
    });
    const { startTime } = await handle.describe();
    if (startTime.getTime() < askedAt - CLOCKS_DIFFER_MS) {
      process.stderr.write(`this run was started at ${startTime.toISOString()} and is still open: attached to it\n`);
    }
    process.stderr.write(
      `run ${pc.bold(workflowId)}${ready.uiAddress === null ? '' : `, board: ${ready.uiAddress}/namespaces/${client.options.namespace}/workflows/${workflowId}`}\n`,
    );
    if (flags.detach) {
      if (flags.json) process.stdout.write(`${JSON.stringify({ workflowId, runId: handle.firstExecutionRunId })}\n`);
      process.stderr.write(`Follow it with: tutelage watch ${workflowId}\n`);
      return;
    }
    const end = await followRun(client, workflowId, untilInterrupted());
    await reportEnd(end, { workflowId, json: flags.json === true, labelsOut: flags.labelsOut ?? null });
  } finally {
    await client.connection.close();
  }
}

/** The same task on the same files is the same run, whoever approves it. */
function runId(task: Task, { approveAs: _who, ...identity }: DistillationInput): string {
  const digest = createHash('sha256').update(canonicalJson(identity)).digest('hex').slice(0, 8);
  return `${task.name}-${digest}`;
}

/** Shows what the run may cost, and asks where a person can answer. */
async function confirmed(task: Task, input: DistillationInput, flags: Flags): Promise<boolean> {
  process.stderr.write(`${inWords(task, await callsToExpect(task, input))}\n`);
  if (flags.yes || task.teacher.provider === 'recorded' || !process.stdin.isTTY || !process.stderr.isTTY) return true;
  const questions = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await questions.question('Go on? [y/N] ')).trim());
  } finally {
    questions.close();
  }
}

function inWords(task: Task, { calls, host, worstUsd }: ExpectedCalls): string {
  if (task.teacher.provider === 'recorded') return `${calls} replies from a recording; nothing is paid`;
  const money =
    worstUsd === null ? 'at a price that is not known (set teacher.price)' : `at most $${worstUsd.toFixed(2)}`;
  return `at most ${calls} calls to ${pc.bold(host)} (failed ones are repeated), ${money}; texts that earlier runs asked about are free`;
}
