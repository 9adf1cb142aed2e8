/** Fits the classifier on an encoder that stays as it is: multinomial logistic regression on its pooled output. */
import { fitLogisticRegression, type LogisticModel, type SparseRows } from '../logistic-regression.js';
import type { ProgressListener } from '../student.js';
import { sortedBatches } from './batches.js';
import { agreement, type Judged, logLoss } from './calibration.js';
import type { EncodedExamples, EncodedTexts } from './encoder-examples.js';
import { encoderParameters, headParameters, WORD_TABLE } from './encoder-parameters.js';
import type { Classifier } from './inference-model.js';
import { EvaluationSession } from './training-session.js';

export interface HeadFitOptions {
  readonly strengths: readonly number[];
  readonly onProgress: ProgressListener;
}

export interface HeadFit {
  /** Figures of each strength, in rising order. */
  readonly candidates: readonly Readonly<Record<string, number>>[];
  /** Index of the one with the lowest validation loss. */
  readonly chosen: number;
  /** Its answers to the validation rows. */
  readonly validation: Judged;
}

const BATCH = 32;
/** Share of the work that the passes through the encoder are. */
const DONE_BY_PASSES = 0.85;
/** Nats. */
const TOLERANCE = 1e-4;
/** Below it a dimension says nothing, and dividing by it would say much. */
const LEAST_DEVIATION = 1e-6;

/** Puts the best head into the classifier. Each dimension of the pooled output is standardised on the fitting rows first, so
 *  that one strength fits encoders of any scale; the head undoes it. */
export async function fitHead(
  classifier: Classifier,
  examples: EncodedExamples,
  options: HeadFitOptions,
): Promise<HeadFit> {
  const { onProgress, strengths } = options;
  const { fitting, validation } = examples;
  const texts = fitting.ids.length + validation.ids.length;
  const pooled = await pooledOutputs(classifier, [fitting, validation], (done) =>
    onProgress({ phase: 'encoder', done: (DONE_BY_PASSES * done) / texts }),
  );
  const scale = standardisation(pooled[0]!);
  const [rows, heldOut] = pooled.map((part) =>
    part.map((row) => scale.map(({ mean, deviation }, i) => (row[i]! - mean) / deviation)),
  );
  const features = denseRows(rows!);
  const targets = Float64Array.from(fitting.targets.flat());
  const candidates: Record<string, number>[] = [];
  let best: { index: number; model: LogisticModel; judged: Judged } | null = null;
  let warmStart: LogisticModel | null = null;
  for (const [index, C] of [...strengths].sort((a, b) => a - b).entries()) {
    const done = DONE_BY_PASSES + (0.12 * index) / strengths.length;
    const { model, iterations } = await fitLogisticRegression(features, targets, classifier.labels, {
      strength: C,
      tolerance: TOLERANCE,
      warmStart,
      onIteration: () => onProgress({ phase: `C = ${C}`, done }),
    });
    const judged: Judged = { logits: heldOut!.map((row) => logitsOf(row, model)), targets: validation.targets };
    candidates.push({ C, logLoss: logLoss(judged), agreement: agreement(judged), iterations });
    if (best === null || logLoss(judged) < candidates[best.index]!.logLoss!) best = { index, model, judged };
    warmStart = model;
  }
  setHead(classifier, best!.model, scale);
  return { candidates, chosen: best!.index, validation: best!.judged };
}

/** The encoder's pooled output for each text of each part. An identity in the place of the head lets the classifier's own
 *  graph give it. */
async function pooledOutputs(
  classifier: Classifier,
  parts: readonly EncodedTexts[],
  report: (texts: number) => Promise<void>,
): Promise<number[][][]> {
  const { shape } = classifier;
  const words = classifier.values.get(WORD_TABLE)!.length / shape.hidden;
  const identity = Float32Array.from({ length: shape.hidden ** 2 }, (_, i) => (i % (shape.hidden + 1) === 0 ? 1 : 0));
  const session = await EvaluationSession.create({
    ...classifier,
    labels: shape.hidden,
    parameters: [...encoderParameters(shape, words), ...headParameters(shape, shape.hidden)],
    values: new Map(classifier.values)
      .set('classifier.weight', identity)
      .set('classifier.bias', new Float32Array(shape.hidden)),
  });
  try {
    let done = 0;
    const pooled: number[][][] = [];
    for (const { ids } of parts) {
      const rows: number[][] = [];
      for (const batch of sortedBatches(
        ids.map((text) => text.length),
        BATCH,
      )) {
        const outputs = await session.logits(batch.map((row) => ids[row]!));
        for (const [index, row] of batch.entries()) {
          rows[row] = Array.from(outputs.subarray(index * shape.hidden, (index + 1) * shape.hidden));
        }
        done += batch.length;
        await report(done);
      }
      pooled.push(rows);
    }
    return pooled;
  } finally {
    await session.release();
  }
}

interface Dimension {
  readonly mean: number;
  readonly deviation: number;
}

function standardisation(rows: readonly (readonly number[])[]): Dimension[] {
  return rows[0]!.map((_, dimension) => {
    const mean = rows.reduce((sum, row) => sum + row[dimension]!, 0) / rows.length;
    const variance = rows.reduce((sum, row) => sum + (row[dimension]! - mean) ** 2, 0) / rows.length;
    const deviation = Math.sqrt(variance);
    return { mean, deviation: deviation < LEAST_DEVIATION ? 1 : deviation };
  });
}

function denseRows(rows: readonly (readonly number[])[]): SparseRows {
  const columns = rows[0]!.length;
  return {
    rows: rows.length,
    columns,
    rowStarts: Uint32Array.from({ length: rows.length + 1 }, (_, row) => row * columns),
    columnOf: Int32Array.from({ length: rows.length * columns }, (_, entry) => entry % columns),
    values: Float32Array.from(rows.flat()),
  };
}

function logitsOf(row: readonly number[], { labels, parameters }: LogisticModel): number[] {
  const biases = row.length * labels;
  return Array.from({ length: labels }, (_, label) =>
    row.reduce((sum, value, column) => sum + value * parameters[column * labels + label]!, parameters[biases + label]!),
  );
}

/** w (x - mean) / deviation + b is (w / deviation) x + (b - w mean / deviation). */
function setHead({ labels, values }: Classifier, { parameters }: LogisticModel, scale: readonly Dimension[]): void {
  const weight = values.get('classifier.weight')!;
  const bias = values.get('classifier.bias')!;
  for (let label = 0; label < labels; label++) {
    bias[label] = parameters[scale.length * labels + label]!;
    for (const [column, { deviation, mean }] of scale.entries()) {
      const slope = parameters[column * labels + label]! / deviation;
      weight[label * scale.length + column] = slope;
      bias[label] = bias[label]! - slope * mean;
    }
  }
}
