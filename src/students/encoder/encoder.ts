/** The upper steps of the ladder: a pretrained encoder, as it is with a classifier on top, or fine-tuned as a whole. */
import type { EncoderSettings, FrozenSettings } from '../../contracts/index.js';
import type { StudentKind, TrainingJob } from '../student.js';
import { EncoderError } from '../student-errors.js';
import { loadOnnxStudent } from '../student-threads.js';
import { MOST_PARAMETERS } from './adamw.js';
import { mostTokens } from './batches.js';
import { type EncodedExamples, type PreparedExamples, prepareExamples } from './encoder-examples.js';
import { openEncoderFeaturiser } from './encoder-featuriser.js';
import { encoderParameters, headParameters, type Parameter, sizeOf } from './encoder-parameters.js';
import type { EncoderShape } from './encoder-shape.js';

const load = (folder: string) => loadOnnxStudent('encoder', folder, { coresForOne: CORES_FOR_ONE });
/** What training compares its export with: memory is scarce beside the training's own. */
const loadInTraining = (folder: string) => loadOnnxStudent('encoder', folder, { threads: 1 });

/** A text alone takes two thirds of the time with two; more were not measured. */
const CORES_FOR_ONE = 2;

export const frozen: StudentKind = {
  kind: 'frozen',
  memorySettings: (job) => `student.maxLength (${jobOf('frozen', job).settings.maxLength})`,
  prepare: async (job) => {
    const prepared = await prepareExamples(jobOf('frozen', job));
    return {
      memory: frozenMemory(prepared),
      train: async (onProgress) => {
        // Only the training process needs onnxruntime beside its inference thread.
        const { trainFrozen } = await import('./encoder-training.js');
        return trainFrozen({ ...prepared, onProgress, load: loadInTraining });
      },
    };
  },
  openFeaturiser: openEncoderFeaturiser,
  load,
};

export const encoder: StudentKind = {
  kind: 'encoder',
  memorySettings: (job) => {
    const { maxLength, microBatchTokens } = jobOf('encoder', job).settings;
    return `student.microBatchTokens (${microBatchTokens}) or student.maxLength (${maxLength})`;
  },
  prepare: async (job) => {
    const prepared = await prepareExamples(jobOf('encoder', job));
    return {
      memory: fineTuningMemory(prepared),
      train: async (onProgress) => {
        const { trainEncoder } = await import('./encoder-training.js');
        return trainEncoder({ ...prepared, onProgress, load: loadInTraining });
      },
    };
  },
  openFeaturiser: openEncoderFeaturiser,
  load,
};

/** Node with onnxruntime and a tokeniser loaded, at rest. */
const BASE_BYTES = 200 * 2 ** 20;
/** Values, gradients, their two moments, averaged values, and the best epoch's. */
const COPIES_OF_PARAMETERS = 6;
/** Of the encoder with all its words, when it is exported: values, both models' files while they are put together, and what the thread
 *  that compares them loads. Measured: 4.4 of all-MiniLM-L6-v2 at most, 4.5 of an encoder of 310 MB. */
const COPIES_AT_EXPORT = 4.6;

function jobOf<Kind extends 'encoder' | 'frozen'>(
  kind: Kind,
  job: TrainingJob,
): TrainingJob<Extract<TrainingJob['settings'], { kind: Kind }>> {
  const { settings } = job;
  if (settings.kind !== kind) throw new RangeError(`the settings are for the student kind "${settings.kind}"`);
  return { ...job, settings: settings as Extract<typeof settings, { kind: Kind }> };
}

function frozenMemory({ examples, job, shape }: PreparedExamples<FrozenSettings>): number {
  const numbers = numbersOf(encoderParameters(shape));
  const pooled = 8 * textsOf(examples) * shape.hidden;
  return BASE_BYTES + 4 * COPIES_AT_EXPORT * numbers + encodedBytes(examples, job.labels.length) + pooled;
}

/** Exact where it can be: the parameters and the tokens are counted. Throws EncoderError. */
function fineTuningMemory({ examples, job, shape }: PreparedExamples<EncoderSettings>): number {
  const { labels, settings } = job;
  const { longest, vocabulary } = examples;
  const numbers = trainedNumbers(settings, shape, { words: vocabulary.length, labels: labels.length });
  const atOnce = mostTokens({ ...settings, longest });
  const masks = 2 ** 22 + 2 * atOnce * shape.heads * longest;
  const working = COPIES_OF_PARAMETERS * numbers + atOnce * keptPerToken(shape, longest) + masks;
  // Training knows the words of the examples alone, the export all of the vocabulary, most of a multilingual encoder.
  const exporting = COPIES_AT_EXPORT * numbersOf(encoderParameters(shape));
  return BASE_BYTES + 4 * Math.max(working, exporting) + encodedBytes(examples, labels.length);
}

/** Throws EncoderError for more than can be trained. */
function trainedNumbers(
  { encoder }: EncoderSettings,
  shape: EncoderShape,
  { words, labels }: { words: number; labels: number },
): number {
  const numbers = numbersOf([...encoderParameters(shape, words), ...headParameters(shape, labels)]);
  if (numbers <= MOST_PARAMETERS) return numbers;
  const millions = (count: number) => Math.floor(count / 1e6);
  throw new EncoderError(
    encoder,
    `it has ${millions(numbers)} million parameters, and ${millions(MOST_PARAMETERS)} million can be trained`,
  );
}

function numbersOf(parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, parameter) => sum + sizeOf(parameter), 0);
}

function textsOf({ fitting, validation }: EncodedExamples): number {
  return fitting.ids.length + validation.ids.length;
}

function encodedBytes(examples: EncodedExamples, labels: number): number {
  return NUMBER_BYTES * (examples.tokens + 2 * labels * textsOf(examples));
}

/** Numbers that the forward pass keeps for the backward pass: of each layer query, key and value, the joined heads, inputs and
 *  outputs of both norms, both sides of the GELU, and the attention's weights before and after dropout. */
function keptPerToken({ feedForward, heads, hidden, layers }: EncoderShape, longest: number): number {
  return layers * (8 * hidden + 2 * feedForward + 2 * heads * longest);
}

/** Refuses what no texts and labels could make small enough, before there are any. Throws EncoderError. */
export function refuseTooLarge(settings: EncoderSettings | FrozenSettings, shape: EncoderShape): void {
  const training =
    settings.kind === 'frozen' ? 0 : COPIES_OF_PARAMETERS * trainedNumbers(settings, shape, { words: 1, labels: 2 });
  const exporting = COPIES_AT_EXPORT * numbersOf(encoderParameters(shape));
  const least = Math.ceil((BASE_BYTES + 4 * Math.max(training, exporting)) / 2 ** 20);
  if (least <= settings.maxMemoryMb) return;
  throw new EncoderError(
    settings.encoder,
    `training it needs ${least} MB and more, and student.maxMemoryMb is ${settings.maxMemoryMb}: raise it, or use a smaller encoder`,
  );
}

/** In an array of JavaScript. */
const NUMBER_BYTES = 8;
