/** How well predictions meet the truth: accuracy, and precision, recall and F1 of each label. */
import type { ClassificationReport, ClassMetrics } from '../contracts/index.js';
import { wilsonInterval } from './intervals.js';

export interface PredictionsOnRows {
  readonly truth: readonly string[];
  /** One a row, in the order of truth; null: no answer, which is never right. */
  readonly predicted: readonly (string | null)[];
  /** Every label of the task; averages go over all of them. */
  readonly labels: readonly string[];
  readonly confidence: number;
}

/**
 * The figures of scikit-learn's classification_report(truth, predicted, labels=labels, zero_division=0), with a missing
 * prediction as one more class that no row belongs to. A label without rows and predictions counts with 0 in macro F1.
 * Throws RangeError without rows, on unequal lengths, and for a label that is not one of the labels.
 */
export function classificationReport({
  truth,
  predicted,
  labels,
  confidence,
}: PredictionsOnRows): ClassificationReport {
  const rows = truth.length;
  if (predicted.length !== rows) throw new RangeError(`predicted: ${predicted.length} predictions for ${rows} rows`);
  if (rows === 0) throw new RangeError('truth: no rows, at least one is needed to measure');

  const counts = confusionCounts(truth, predicted, labels);
  const unanswered = sum(counts.map((row) => row[labels.length] ?? 0));
  const right = sum(labels.map((_, index) => counts[index]?.[index] ?? 0));
  const metrics = labels.map((_, index) => metricsOf(counts, index));
  return {
    rows,
    unanswered,
    accuracy: right / rows,
    accuracyInterval: wilsonInterval(right, rows, confidence),
    macroF1: sum(metrics.map(({ f1 }) => f1)) / labels.length,
    weightedF1: sum(metrics.map(({ f1, support }) => f1 * support)) / rows,
    perClass: Object.fromEntries(labels.map((label, index) => [label, metrics[index] as ClassMetrics])),
    confusion: {
      labels: [...labels],
      counts: unanswered > 0 ? counts : counts.map((row) => row.slice(0, labels.length)),
    },
  };
}

/** [true label][predicted label], with a last column for rows without a prediction. */
function confusionCounts(
  truth: readonly string[],
  predicted: readonly (string | null)[],
  labels: readonly string[],
): number[][] {
  const indexOf = new Map(labels.map((label, index) => [label, index]));
  const counts = labels.map(() => new Array<number>(labels.length + 1).fill(0));
  for (const [row, trueLabel] of truth.entries()) {
    const prediction = predicted[row] ?? null;
    const cells = counts[indexOf.get(trueLabel) ?? -1];
    const column = prediction === null ? labels.length : indexOf.get(prediction);
    if (cells === undefined) throw unknownLabel('truth', row, labels);
    if (column === undefined) throw unknownLabel('predicted', row, labels);
    cells[column] = (cells[column] ?? 0) + 1;
  }
  return counts;
}

function metricsOf(counts: readonly number[][], index: number): ClassMetrics {
  const right = counts[index]?.[index] ?? 0;
  const support = sum(counts[index] ?? []);
  const predictions = sum(counts.map((row) => row[index] ?? 0));
  const precision = predictions === 0 ? 0 : right / predictions;
  const recall = support === 0 ? 0 : right / support;
  const f1 = right === 0 ? 0 : (2 * right) / (support + predictions);
  return { precision, recall, f1, support };
}

function unknownLabel(field: string, row: number, labels: readonly string[]): RangeError {
  return new RangeError(`${field}: the label of row ${row} is not one of the labels: ${labels.join(', ')}`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
