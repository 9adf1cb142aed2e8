/** What a run leaves on the terminal when it has ended: a table for people, one JSON object for machines. */
import pc from 'picocolors';
import {
  counted,
  type DistillationResult,
  type GateCheck,
  type GateOutcome,
  inNumber,
  percent,
} from '../contracts/index.js';
import { checkLine } from './check-line.js';
import { ExitCode, exitCodeFor } from './exit-codes.js';
import type { RunEnd } from './follow-run.js';
import { writeLabels } from './write-labels.js';

export interface EndOptions {
  readonly workflowId: string;
  readonly json: boolean;
  /** File for the labels; null: none. */
  readonly labelsOut: string | null;
  /** What uses the deployed student, for people. */
  readonly predictCommand?: string;
}

/** What was done at a gate. */
export const DECIDED: Record<GateOutcome['decision'], string> = {
  approve: 'approved',
  reject: 'rejected',
  revise: 'revised',
};

/** Aborts at the first Ctrl-C; the second one ends the process. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    controller.abort();
    process.once('SIGINT', () => process.exit(130));
  });
  return controller.signal;
}

/** Sets the process's exit code. */
export async function reportEnd(end: RunEnd | null, options: EndOptions): Promise<void> {
  if (end === null) {
    process.stderr.write(`\nThe run goes on. Come back with: tutelage watch ${options.workflowId}\n`);
    // Nothing is deployed, as far as this command knows.
    process.exitCode = ExitCode.Failed;
    return;
  }
  const { failure, result } = end;
  if (failure !== null) {
    process.stderr.write(`${pc.red('✘')} ${failure.message}\n`);
    for (const check of failedChecks(result)) process.stderr.write(`  ${checkLine(check)}\n`);
    process.exitCode = exitCodeFor(failure.type);
  }
  if (options.json) process.stdout.write(`${JSON.stringify(result ?? { workflowId: options.workflowId })}\n`);
  else if (result !== null && failure === null) process.stdout.write(`${summaryTable(result)}\n`);
  if (result?.deployment && options.predictCommand !== undefined && !options.json) {
    process.stderr.write(`Label more texts with: ${options.predictCommand}\n`);
  }
  // Last, for it may fail: the result is told by then.
  if (result?.labels && options.labelsOut !== null) {
    const rows = await writeLabels(result.labels.uri, options.labelsOut);
    process.stderr.write(`${counted(rows, 'label')} written to ${options.labelsOut}\n`);
  }
}

/** The run in a table of name and value. */
export function summaryTable(result: DistillationResult): string {
  const { annotation, deployment, evaluation, gates, labels, student } = result;
  const rows: Array<[string, string]> = [
    ['run', result.workflowId],
    [
      'annotation',
      `${annotation.labelled} of ${counted(annotation.texts, 'text')} labelled with ${counted(annotation.calls, 'call')}, ${counted(annotation.reused, 'reply', 'replies')} reused, ${annotation.unreadable} unreadable, ${annotation.uncertain} uncertain`,
    ],
    ...(annotation.incomplete > 0 ? [incompleteRow(annotation.incomplete)] : []),
    ['cost', annotation.costUsd === null ? 'price of the teacher not known' : `$${annotation.costUsd.toFixed(4)}`],
  ];
  if (labels?.alpha != null) rows.push(['agreement', `Krippendorff's alpha ${labels.alpha.toFixed(3)}`]);
  for (const [gate, outcome] of Object.entries(gates)) {
    if (outcome)
      rows.push([
        `gate ${gate}`,
        `${DECIDED[outcome.decision]} by ${outcome.reviewer}${outcome.automatic ? ' (automatic)' : ''}`,
      ]);
  }
  if (student) rows.push(['student', `${student.kind}, trained in ${student.trainSeconds.toFixed(1)} s`]);
  if (evaluation) {
    const on =
      evaluation.basis === 'gold'
        ? counted(evaluation.rows, 'gold row')
        : `${counted(evaluation.rows, 'held-out text')} (agreement with the teacher, not accuracy)`;
    if (evaluation.teacher)
      rows.push([
        'teacher',
        `${percent(evaluation.teacher.accuracy)} right, macro F1 ${evaluation.teacher.macroF1.toFixed(3)}, on ${on}`,
      ]);
    rows.push([
      'student',
      `${percent(evaluation.student.accuracy)} right, macro F1 ${evaluation.student.macroF1.toFixed(3)}, on ${on}`,
    ]);
    rows.push(['report', evaluation.report]);
  }
  if (labels) rows.push(['labels', labels.uri]);
  if (deployment) rows.push(['deployed', `version ${deployment.version}, ${deployment.uri}`]);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${pc.bold(name.padEnd(width))}  ${value}`).join('\n');
}

function incompleteRow(texts: number): [string, string] {
  return [
    'incomplete',
    `${counted(texts, 'text')} did not get all ${inNumber(texts, 'its', 'their')} votes: the budget did not suffice, or a chunk failed`,
  ];
}

/** Of the gate that rejected by itself: nobody has seen them yet. */
function failedChecks(result: DistillationResult | null): GateCheck[] {
  const rejected = Object.values(result?.gates ?? {}).find((gate) => gate?.decision === 'reject' && gate.automatic);
  return rejected?.checks.filter((check) => !check.passed) ?? [];
}
