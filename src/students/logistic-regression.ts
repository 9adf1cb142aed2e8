/** Multinomial logistic regression on sparse rows, for hard and soft targets. */
import { minimise, type Objective } from './lbfgs.js';

/** Compressed sparse rows: row r holds the entries rowStarts[r] to rowStarts[r + 1]. */
export interface SparseRows {
  readonly rows: number;
  readonly columns: number;
  /** Length rows + 1. */
  readonly rowStarts: Uint32Array;
  readonly columnOf: Int32Array;
  readonly values: Float32Array;
}

export interface LogisticModel {
  readonly labels: number;
  /** Weights [columns][labels], row-major, then the labels' biases. */
  readonly parameters: Float64Array;
}

export interface FitOptions {
  /** Inverse regularisation strength, scikit-learn's C: minimises C · Σ cross-entropy + ½ ‖weights‖². Biases are free. */
  readonly strength: number;
  /** Converged means that the objective divided by C · rows, in nats, is at most this far above its minimum. A gradient's
   *  size alone does not tell: the more rows, the smaller is what a rare n-gram can add to it. */
  readonly tolerance: number;
  /** Where to start, with the same columns and labels; null: zeros. */
  readonly warmStart: LogisticModel | null;
  readonly onIteration?: (iteration: number) => Promise<void>;
}

export interface LogisticFit {
  readonly model: LogisticModel;
  readonly iterations: number;
  /** How far above its minimum the objective divided by C · rows is at most, in nats. */
  readonly gap: number;
}

const MAX_ITERATIONS = 1000;

/** Fits on all rows. `targets` are probabilities [rows][labels], row-major. */
export async function fitLogisticRegression(
  features: SparseRows,
  targets: Float64Array,
  labels: number,
  options: FitOptions,
): Promise<LogisticFit> {
  const start = options.warmStart?.parameters ?? new Float64Array((features.columns + 1) * labels);
  const penalty = penaltyOf(features, options.strength);
  const found = await minimise(logisticObjective(features, targets, labels, options.strength), start, {
    gradientTolerance: Math.sqrt(2 * penalty * options.tolerance),
    maxIterations: MAX_ITERATIONS,
    onIteration: options.onIteration,
  });
  return {
    model: { labels, parameters: found.point },
    iterations: found.iterations,
    // A function whose curvature is at least p lies at most ‖gradient‖² / 2p above its minimum. The penalty gives the
    // weights that curvature; the biases have more from the loss.
    gap: found.gradientNorm ** 2 / (2 * penalty),
  };
}

/** Mean cross-entropy in nats + ‖weights‖² / (2 · C · rows), with its gradient. */
export function logisticObjective(
  features: SparseRows,
  targets: Float64Array,
  labels: number,
  strength: number,
): Objective {
  const { rows, columns, rowStarts, columnOf, values } = features;
  const weights = columns * labels;
  const penalty = penaltyOf(features, strength);
  const scores = new Float64Array(labels);
  return (point, gradient) => {
    let squares = 0;
    for (let i = 0; i < weights; i++) {
      squares += point[i]! * point[i]!;
      gradient[i] = penalty * point[i]!;
    }
    gradient.fill(0, weights);
    let loss = 0;
    for (let row = 0; row < rows; row++) {
      scoreRow(features, point, row, scores);
      const logSum = logSumExp(scores);
      for (let label = 0; label < labels; label++) {
        const target = targets[row * labels + label]!;
        loss += target * (logSum - scores[label]!);
        scores[label] = (Math.exp(scores[label]! - logSum) - target) / rows;
        gradient[weights + label] = gradient[weights + label]! + scores[label]!;
      }
      for (let entry = rowStarts[row]!; entry < rowStarts[row + 1]!; entry++) {
        const base = columnOf[entry]! * labels;
        const value = values[entry]!;
        for (let label = 0; label < labels; label++) {
          gradient[base + label] = gradient[base + label]! + value * scores[label]!;
        }
      }
    }
    return loss / rows + 0.5 * penalty * squares;
  };
}

/** Probabilities [rows][labels], row-major. */
export function predictProbabilities(model: LogisticModel, features: SparseRows): Float64Array {
  const probabilities = new Float64Array(features.rows * model.labels);
  for (let row = 0; row < features.rows; row++) {
    const scores = probabilities.subarray(row * model.labels, (row + 1) * model.labels);
    scoreRow(features, model.parameters, row, scores);
    const logSum = logSumExp(scores);
    for (let label = 0; label < model.labels; label++) scores[label] = Math.exp(scores[label]! - logSum);
  }
  return probabilities;
}

/** Factor of ½ ‖weights‖² in the objective divided by C · rows. */
function penaltyOf({ rows }: SparseRows, strength: number): number {
  return 1 / (strength * rows);
}

/** scores = bias + row · weights. */
function scoreRow(features: SparseRows, parameters: Float64Array, row: number, scores: Float64Array): void {
  const labels = scores.length;
  const biases = features.columns * labels;
  for (let label = 0; label < labels; label++) scores[label] = parameters[biases + label]!;
  for (let entry = features.rowStarts[row]!; entry < features.rowStarts[row + 1]!; entry++) {
    const base = features.columnOf[entry]! * labels;
    const value = features.values[entry]!;
    for (let label = 0; label < labels; label++) {
      scores[label] = scores[label]! + value * parameters[base + label]!;
    }
  }
}

function logSumExp(scores: Float64Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const score of scores) largest = Math.max(largest, score);
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - largest);
  return largest + Math.log(sum);
}
