/** tutelage distill: starts everything needed, starts or finds the run, and follows it to its end. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { type Client, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import { type Command, InvalidArgumentError, Option } from 'commander';
import pc from 'picocolors';
import { DistillationInput, parseOrExplain, TASK_QUEUES, type Task } from '../contracts/index.js';
import {
  canonicalJson,
  findTask,
  ownPackageFolder,
  parseSetArguments,
  readTaskFile,
  resolveTask,
  TaskError,
} from '../tasks/index.js';
import { createClient, type ServerFlags } from '../temporal/index.js';
import { callsToExpect, type ExpectedCalls } from './calls-to-expect.js';
import { currentStateFolder, positiveNumber, storeLocation, withServerOptions } from './command-options.js';
import { ensureUp } from './ensure-up.js';
import { ExitCode } from './exit-codes.js';
import { followRun } from './follow-run.js';
import { reportEnd, untilInterrupted } from './run-end.js';
import { checkLabelsOut } from './write-labels.js';

interface Flags extends ServerFlags {
  readonly corpus: string;
  readonly gold?: string;
  readonly textColumn?: string;
  readonly idColumn?: string;
  readonly labelColumn?: string;
  readonly badRows?: 'refuse' | 'skip';
  readonly sample?: number;
  readonly stratifyBy?: string;
  readonly teacherUrl?: string;
  readonly model?: string;
  readonly replies?: string;
  readonly maxUsd?: number;
  readonly maxCalls?: number;
  readonly set: string[];
  readonly approveAs?: string;
  readonly labelsOut?: string;
  readonly store?: string;
  readonly id?: string;
  readonly yes?: true;
  readonly detach?: true;
  readonly json?: true;
}

const NO_COLUMN = 'none';
/** Between this machine and the server. */
const CLOCKS_DIFFER_MS = 1000;

export function registerDistill(program: Command): void {
  const command = program
    .command('distill')
    .description('label a corpus with a teacher, vote, ask for approval, train a student, measure and deploy it')
    .argument('<task>', 'task file, or the name of a task in ./config/tasks or of a shipped one')
    .requiredOption('--corpus <file>', 'texts to label: JSONL, CSV, TSV or Parquet')
    .option('--gold <file>', "texts with experts' labels, used to measure only")
    .option('--text-column <name>', 'column of the texts (default: text)')
    .option('--id-column <name>', 'column of ids (default: id; without one ids are content hashes)')
    .option('--label-column <name>', `column of experts' labels (default: label; "${NO_COLUMN}" ignores it)`)
    .addOption(
      new Option('--bad-rows <what>', 'unusable rows end the run, or are left out and counted').choices([
        'refuse',
        'skip',
      ]),
    )
    .option('--sample <n>', 'label only so many texts, drawn at random; the rest is left for the student', count)
    .option('--stratify-by <column>', 'keep the shares of this column in the sample')
    .option('--teacher-url <url>', 'OpenAI-compatible endpoint, for example http://localhost:8000/v1')
    .option('--model <id>', 'model of the teacher (with --teacher-url: the one it lists, if it is one)')
    .option('--replies <file>', 'answer from recorded replies; nothing is paid')
    .option('--max-usd <dollars>', 'hard limit of what the run may spend', positiveNumber)
    .option('--max-calls <n>', 'hard limit of requests to the teacher', count)
    .option('--set <key=value>', 'override any key of the task: votes.stop=majority', collect, [])
    .option('--approve-as <name>', 'approve both gates under this name if all checks pass, else reject')
    .option('--labels-out <file>', 'write text, label, agreement, reason to a CSV, JSONL or Parquet file')
    .option('--store <folder>', 'where artifacts go (or TUTELAGE_STORE); default: .tutelage/store')
    .option('--id <workflow-id>', 'name of the run; default: made from task and corpus')
    .option('--yes', 'do not ask before the first call')
    .addOption(new Option('--detach', 'start the run and return').conflicts('labelsOut'))
    .option('--json', 'print the result as one JSON object on the last line');
  withServerOptions(command).action(distill);
}

async function distill(taskName: string, flags: Flags): Promise<void> {
  const { input, task, workflowId } = await inputOf(taskName, flags);
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
      args: [input],
      staticSummary: `${task.name}: ${flags.corpus}`,
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

/** Everything that can be checked here is checked here: a refusal costs nothing and comes at once. */
async function inputOf(
  taskName: string,
  flags: Flags,
): Promise<{ input: DistillationInput; task: Task; workflowId: string }> {
  const { path: taskFile } = findTask(taskName, { cwd: process.cwd(), packageFolder: ownPackageFolder() });
  const written = (await readTaskFile(taskFile)) as Record<string, unknown>;
  const set = { ...teacherOverrides(flags), ...parseSetArguments(flags.set) };
  const { task } = await resolveTask({
    task: written,
    set,
    cwd: process.cwd(),
    readStored: () => Promise.reject(new TaskError('the command line takes no store: paths for a task')),
  });
  if (task.teacher.replies !== null && !task.teacher.replies.startsWith('store:')) {
    // A path in a task file is meant from the file's place.
    const base = 'teacher.replies' in set ? process.cwd() : dirname(taskFile);
    set['teacher.replies'] = resolve(base, task.teacher.replies);
  }
  if (flags.stratifyBy !== undefined && flags.sample === undefined) {
    throw new TaskError(
      `--stratify-by ${flags.stratifyBy}: it keeps the shares in a sample; say how large with --sample`,
    );
  }
  const columns = {
    ...(flags.textColumn && { textColumn: flags.textColumn }),
    ...(flags.idColumn && { idColumn: flags.idColumn }),
    ...(flags.badRows && { badRows: flags.badRows }),
  };
  const draft = {
    task: written,
    set,
    corpus: {
      path: existing('--corpus', flags.corpus),
      ...columns,
      ...(flags.labelColumn && { labelColumn: flags.labelColumn === NO_COLUMN ? null : flags.labelColumn }),
      ...(flags.sample && { sample: { size: flags.sample, stratifyBy: flags.stratifyBy ?? null } }),
    },
    gold: flags.gold && {
      path: existing('--gold', flags.gold),
      ...columns,
      ...(flags.labelColumn && flags.labelColumn !== NO_COLUMN && { labelColumn: flags.labelColumn }),
    },
    store: flags.store === undefined && !process.env.TUTELAGE_STORE ? null : storeLocation(flags.store),
    approveAs: flags.approveAs ?? null,
  };
  const parsed = parseOrExplain(DistillationInput, { ...draft, gold: draft.gold ?? null });
  if (!parsed.ok) throw new TaskError(parsed.problems);
  const { approveAs: _who, ...identity } = parsed.value;
  const digest = createHash('sha256').update(canonicalJson(identity)).digest('hex').slice(0, 8);
  return { input: parsed.value, task, workflowId: flags.id ?? `${task.name}-${digest}` };
}

function teacherOverrides(flags: Flags): Record<string, unknown> {
  return {
    // The task's model and its special fields are those of its own endpoint.
    ...(flags.teacherUrl && { 'teacher.url': flags.teacherUrl, 'teacher.model': null, 'teacher.extraBody': {} }),
    ...(flags.model && { 'teacher.model': flags.model }),
    ...(flags.replies && { 'teacher.provider': 'recorded', 'teacher.replies': flags.replies }),
    ...(flags.maxUsd !== undefined && { 'budget.usd': flags.maxUsd }),
    ...(flags.maxCalls !== undefined && { 'budget.calls': flags.maxCalls }),
  };
}

function existing(option: string, path: string): string {
  const absolute = resolve(path);
  if (!existsSync(absolute)) throw new TaskError(`${option} ${path}: there is no such file`);
  return absolute;
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

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
