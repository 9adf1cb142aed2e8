/** The evaluation report: teacher, student and deployed version on the same rows. */
import type { EvaluationReport, PairedComparison } from '../contracts/index.js';
import { classificationReport } from './classification-report.js';
import { comparePaired } from './paired-comparison.js';

/** Columns of the evaluated rows, all in the same order. */
export interface EvaluatedRows {
  /** gold: truth is people's labels. validation: truth is the teacher's labels. */
  readonly basis: EvaluationReport['basis'];
  readonly truth: readonly string[];
  /** null: not compared. Left out under basis validation, where the teacher is the truth. */
  readonly teacher: readonly (string | null)[] | null;
  readonly student: readonly (string | null)[];
  /** The deployed version, if there is one. It may know labels that the task no longer has; those answers are wrong. */
  readonly champion: {
    readonly version: number;
    readonly predicted: readonly (string | null)[];
    /** Whether it was trained on the row's text; null: not known. */
    readonly learned: readonly boolean[] | null;
  } | null;
  readonly labels: readonly string[];
  readonly confidence: number;
  readonly overlap: EvaluationReport['overlap'];
  readonly cost: EvaluationReport['cost'];
  readonly weighing?: EvaluationReport['weighing'];
  readonly certificate?: EvaluationReport['certificate'];
  /** Rows, by their numbers, whose gold label somebody disputes. */
  readonly disputed?: ReadonlySet<number>;
}

/**
 * The report that is stored, shown and judged by the deployment gate. The student is compared with the teacher and with
 * the champion, each on the rows that both answered; a comparison without such rows is left out. Rows that the champion was trained
 * on (texts that people have labelled since) would flatter it, and tell nothing of the two: they are left out there.
 * Throws RangeError as classificationReport does.
 */
export function buildReport(evaluated: EvaluatedRows): EvaluationReport {
  const { basis, truth, labels, confidence, champion, overlap, cost, certificate, weighing } = evaluated;
  const teacher = basis === 'gold' ? evaluated.teacher : null;
  const undisputed = withoutDisputed(evaluated);
  const reportOf = (predicted: readonly (string | null)[]) =>
    classificationReport({ truth, predicted, labels, confidence });
  const student = { name: 'student', predicted: evaluated.student };

  const comparisons: PairedComparison[] = [];
  for (const other of [
    { name: 'teacher', predicted: teacher },
    { name: 'champion', predicted: champion && unseen(champion) },
  ]) {
    const { name, predicted } = other;
    if (predicted === null || !answeredTogether(student.predicted, predicted)) continue;
    comparisons.push(comparePaired({ first: student, second: { name, predicted }, truth, confidence }));
  }

  return {
    basis,
    confidence,
    rows: truth.length,
    teacher: teacher === null ? null : reportOf(teacher),
    student: reportOf(student.predicted),
    champion:
      champion === null
        ? null
        : {
            version: champion.version,
            report: reportOf(onlyKnown(champion.predicted, labels)),
            learned: champion.learned === null ? null : champion.learned.filter(Boolean).length,
          },
    comparisons,
    overlap,
    cost,
    ...(undisputed === null ? {} : { undisputed }),
    ...(weighing ? { weighing } : {}),
    ...(certificate ? { certificate } : {}),
  };
}

/** The figures on the other rows; null: no label is disputed, or all are. */
function withoutDisputed({
  disputed,
  ...evaluated
}: EvaluatedRows): NonNullable<EvaluationReport['undisputed']> | null {
  const kept = evaluated.truth.flatMap((_, row) => (disputed?.has(row) ? [] : [row]));
  if (kept.length === 0 || kept.length === evaluated.truth.length) return null;
  const of = <Value>(column: readonly Value[]) => kept.map((row) => column[row] as Value);
  const { champion, teacher } = evaluated;
  const { comparisons, ...report } = buildReport({
    ...evaluated,
    truth: of(evaluated.truth),
    teacher: teacher && of(teacher),
    student: of(evaluated.student),
    champion: champion && {
      ...champion,
      predicted: of(champion.predicted),
      learned: champion.learned && of(champion.learned),
    },
  });
  return { rows: kept.length, teacher: report.teacher, student: report.student, comparisons };
}

/** Its answers about rows that it was not trained on. */
function unseen({ learned, predicted }: NonNullable<EvaluatedRows['champion']>): (string | null)[] {
  return predicted.map((label, row) => (learned?.[row] ? null : label));
}

function answeredTogether(first: readonly (string | null)[], second: readonly (string | null)[]): boolean {
  return first.some((label, row) => label !== null && (second[row] ?? null) !== null);
}

function onlyKnown(predicted: readonly (string | null)[], labels: readonly string[]): (string | null)[] {
  const known = new Set(labels);
  return predicted.map((label) => (label !== null && known.has(label) ? label : null));
}
