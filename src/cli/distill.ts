/** tutelage distill: starts everything needed, starts or finds the run, and follows it to its end. */
import { type Command, Option } from 'commander';
import { TaskError } from '../tasks/index.js';
import type { ServerFlags } from '../temporal/index.js';
import { withServerOptions } from './command-options.js';
import { ExitCode } from './exit-codes.js';
import { followRun } from './follow-run.js';
import { reportEnd, untilInterrupted } from './run-end.js';
import { type RunFlags, runInput, withRunOptions } from './run-input.js';
import { confirmed, runIdOf, startRun, surveyOf } from './start-run.js';
import { checkLabelsOut } from './write-labels.js';

interface Flags extends ServerFlags, RunFlags {
  readonly labelsOut?: string;
  readonly id?: string;
  readonly yes?: true;
  readonly detach?: true;
  readonly json?: true;
}

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
  const workflowId = flags.id ?? runIdOf(task, input);
  if (flags.labelsOut !== undefined) await checkLabelsOut(flags.labelsOut);
  if (!(await confirmed(task, await surveyOf(task, input), flags.yes === true))) {
    process.stderr.write('Nothing was started.\n');
    process.exitCode = ExitCode.InputRefused;
    return;
  }
  const { client, runId } = await startRun(
    { workflowId, sent, summary: `${task.name}: ${flags.corpus.join(', ')}`.slice(0, MAX_SUMMARY) },
    flags,
  );
  try {
    if (flags.detach) {
      if (flags.json) process.stdout.write(`${JSON.stringify({ workflowId, runId })}\n`);
      process.stderr.write(`Follow it with: tutelage watch ${workflowId}\n`);
      return;
    }
    const end = await followRun(client, workflowId, untilInterrupted());
    const { json = false, labelsOut = null, store } = flags;
    const at = store === undefined ? '' : ` --store ${store}`;
    const predictCommand = `tutelage predict --task ${task.name}${at} --input NEW.csv --output LABELLED.csv`;
    await reportEnd(end, { workflowId, json, labelsOut, predictCommand });
  } finally {
    await client.connection.close();
  }
}
