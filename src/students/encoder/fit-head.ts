/** Fits the classifier on an encoder that stays as it is: multinomial logistic regression on its pooled output. */
import { z } from 'zod';
import { fitLogisticRegression, type LogisticModel, type SparseRows } from '../logistic-regression.js';
import type { ProgressListener } from '../student.js';
import { sortedBatches } from './batches.js';
import { agreement, type Judged, logLoss } from './calibration.js';
import { type CheckpointOptions, Checkpoints } from './checkpoint.js';
import type { EncodedExamples, EncodedTexts } from './encoder-examples.js';
import { encoderParameters, headParameters, WORD_TABLE } from './encoder-parameters.js';
import type { Classifier } from './inference-model.js';
import { EvaluationSession } from './training-session.js';

export interface HeadFitOptions {
  readonly strengths: readonly number[];
  readonly onProgress: ProgressListener;
  /** Of the passes through the encoder, which take most of the time. */
  readonly checkpoints: CheckpointOptions | null;
}

export interface HeadFit {
  /** Figures of each strength, in rising order. */
  readonly candidates: readonly Readonly<Record<string, number>>[];
  /** Index of the one with the lowest validation loss. */
  readonly chosen: number;
  /** Its answers to the validation rows. */
  readonly validation: Judged;
}

const PassesState = z.object({ texts: z.number().int().describe('That went through the encoder.') });
type PassesState = z.infer<typeof PassesState>;

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
  const checkpoints = new Checkpoints(options.checkpoints, PassesState);
  const pooled = await pooledOutputs(classifier, [fitting, validation], checkpoints, (done) =>
    onProgress({ phase: checkpoints.phase('encoder'), done: (DONE_BY_PASSES * done) / texts }),
  );
  const [fittingOutputs, heldOutOutputs] = pooled as [Float32Array, Float32Array];
  const { hidden } = classifier.shape;
  const scale = standardisation(fittingOutputs, hidden);
  const features = standardised(fittingOutputs, scale);
  const targets = new Float64Array(fitting.targets.length * classifier.labels);
  for (const [row, target] of fitting.targets.entries()) targets.set(target, row * classifier.labels);
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
    const logits = validation.targets.map((_, row) =>
      logitsOf(heldOutOutputs.subarray(row * hidden, (row + 1) * hidden), scale, model),
    );
    const judged: Judged = { logits, targets: validation.targets };
    candidates.push({ C, logLoss: logLoss(judged), agreement: agreement(judged), iterations });
    if (best === null || logLoss(judged) < candidates[best.index]!.logLoss!) best = { index, model, judged };
    warmStart = model;
  }
  setHead(classifier, best!.model, scale);
  return { candidates, chosen: best!.index, validation: best!.judged };
}

/** The encoder's pooled outputs [texts][hidden] of each part, row-major: there may be more numbers than a list of JavaScript holds.
 *  An identity in the place of the head lets the classifier's own graph give them. */
async function pooledOutputs(
  classifier: Classifier,
  parts: readonly EncodedTexts[],
  checkpoints: Checkpoints<PassesState>,
  report: (texts: number) => Promise<void>,
): Promise<Float32Array[]> {
  const { shape } = classifier;
  const pooled = parts.map(({ ids }) => new Float32Array(ids.length * shape.hidden));
  const arrays = new Map(pooled.map((rows, part) => [`pooled ${part}`, rows]));
  const before = (await checkpoints.restore(arrays))?.texts ?? 0;
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
    for (const [part, { ids }] of parts.entries()) {
      const rows = pooled[part]!;
      for (const batch of sortedBatches(
        ids.map((text) => text.length),
        BATCH,
      )) {
        done += batch.length;
        if (done <= before) continue;
        const outputs = await session.logits(batch.map((row) => ids[row]!));
        for (const [index, row] of batch.entries()) {
          rows.set(outputs.subarray(index * shape.hidden, (index + 1) * shape.hidden), row * shape.hidden);
        }
        await report(done);
        await checkpoints.save({ texts: done }, arrays);
      }
    }
    await checkpoints.saveNow({ texts: done }, arrays);
    return pooled;
  } finally {
    await session.release();
  }
}

interface Dimension {
  readonly mean: number;
  readonly deviation: number;
}

function standardisation(outputs: Float32Array, hidden: number): Dimension[] {
  const texts = outputs.length / hidden;
  return Array.from({ length: hidden }, (_, dimension) => {
    let sum = 0;
    for (let at = dimension; at < outputs.length; at += hidden) sum += outputs[at]!;
    const mean = sum / texts;
    let squares = 0;
    for (let at = dimension; at < outputs.length; at += hidden) squares += (outputs[at]! - mean) ** 2;
    const deviation = Math.sqrt(squares / texts);
    return { mean, deviation: deviation < LEAST_DEVIATION ? 1 : deviation };
  });
}

/** In place. */
function standardised(outputs: Float32Array, scale: readonly Dimension[]): SparseRows {
  const columns = scale.length;
  const rows = outputs.length / columns;
  const columnOf = new Int32Array(outputs.length);
  for (let at = 0; at < outputs.length; at++) {
    const { mean, deviation } = scale[at % columns]!;
    outputs[at] = (outputs[at]! - mean) / deviation;
    columnOf[at] = at % columns;
  }
  return {
    rows,
    columns,
    rowStarts: Uint32Array.from({ length: rows + 1 }, (_, row) => row * columns),
    columnOf,
    values: outputs,
  };
}

function logitsOf(row: Float32Array, scale: readonly Dimension[], { labels, parameters }: LogisticModel): number[] {
  const logits = Array.from(parameters.subarray(scale.length * labels));
  for (const [column, { mean, deviation }] of scale.entries()) {
    const value = (row[column]! - mean) / deviation;
    for (let label = 0; label < labels; label++) logits[label]! += value * parameters[column * labels + label]!;
  }
  return logits;
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
