/** The upper steps of the ladder: a pretrained encoder, as it is with a classifier on top, or fine-tuned as a whole. */
import type { EncoderSettings, FrozenSettings } from '../../contracts/index.js';
import type { StudentKind, TrainingJob } from '../student.js';
import { EncoderError } from '../student-errors.js';
import { loadOnnxStudent } from '../student-threads.js';
import type { ExampleSurvey } from '../training-examples.js';
import { MOST_PARAMETERS } from './adamw.js';
import { mostTokens } from './batches.js';
import { openReading, surveyTokens } from './encoder-examples.js';
import { openEncoderFeaturiser } from './encoder-featuriser.js';
import { encoderParameters, headParameters, sizeOf } from './encoder-parameters.js';
import { type EncoderShape, readEncoderShape } from './encoder-shape.js';
import { locateEncoder } from './locate-encoder.js';

const load = (folder: string) => loadOnnxStudent('encoder', folder, { coresForOne: CORES_FOR_ONE });
/** What training compares its export with: memory is scarce beside the training's own. */
const loadInTraining = (folder: string) => loadOnnxStudent('encoder', folder, { threads: 1 });

/** A text alone takes two thirds of the time with two; more were not measured. */
const CORES_FOR_ONE = 2;

export const frozen: StudentKind = {
  kind: 'frozen',
  estimateMemory: (job, survey) => estimateFrozenMemory(jobOf('frozen', job), survey),
  memorySettings: (job) => `student.maxLength (${jobOf('frozen', job).settings.maxLength})`,
  train: async (job, onProgress) => {
    const { trainFrozen } = await import('./encoder-training.js');
    const own = jobOf('frozen', job);
    return trainFrozen({
      job: own,
      encoderFolder: await locateEncoder(own.settings),
      onProgress,
      load: loadInTraining,
    });
  },
  openFeaturiser: openEncoderFeaturiser,
  load,
};

export const encoder: StudentKind = {
  kind: 'encoder',
  estimateMemory: (job, survey) => estimateMemory(jobOf('encoder', job), survey),
  memorySettings: (job) => {
    const { maxLength, microBatchTokens } = jobOf('encoder', job).settings;
    return `student.microBatchTokens (${microBatchTokens}) or student.maxLength (${maxLength})`;
  },
  train: async (job, onProgress) => {
    // Only the training process needs onnxruntime beside its inference thread.
    const { trainEncoder } = await import('./encoder-training.js');
    const own = jobOf('encoder', job);
    return trainEncoder({
      job: own,
      encoderFolder: await locateEncoder(own.settings),
      onProgress,
      load: loadInTraining,
    });
  },
  openFeaturiser: openEncoderFeaturiser,
  load,
};

type EncoderJob = TrainingJob<EncoderSettings>;
type FrozenJob = TrainingJob<FrozenSettings>;

/** Node with onnxruntime and a tokeniser loaded, at rest. */
const BASE_BYTES = 200 * 2 ** 20;
/** Values, gradients, their two moments, averaged values, the best epoch's, and gradients as onnxruntime hands them over. */
const COPIES_OF_PARAMETERS = 7;
/** Values, those that onnxruntime holds, and the export. */
const COPIES_OF_FROZEN = 3;

function jobOf<Kind extends 'encoder' | 'frozen'>(
  kind: Kind,
  job: TrainingJob,
): TrainingJob<Extract<TrainingJob['settings'], { kind: Kind }>> {
  const { settings } = job;
  if (settings.kind !== kind) throw new RangeError(`the settings are for the student kind "${settings.kind}"`);
  return { ...job, settings: settings as Extract<typeof settings, { kind: Kind }> };
}

async function estimateFrozenMemory(job: FrozenJob, { examples, characters }: ExampleSurvey): Promise<number> {
  const shape = await readEncoderShape(await locateEncoder(job.settings));
  const parameters = encoderParameters(shape).reduce((sum, parameter) => sum + sizeOf(parameter), 0);
  const encoded = NUMBER_BYTES * (characters + 2 * job.labels.length * examples);
  return BASE_BYTES + 4 * COPIES_OF_FROZEN * parameters + encoded + 8 * examples * shape.hidden;
}

/** Exact where it can be: the parameters and the tokens are counted. */
async function estimateMemory(job: EncoderJob, { examples }: ExampleSurvey): Promise<number> {
  const { settings, labels } = job;
  const folder = await locateEncoder(settings);
  const shape = await readEncoderShape(folder);
  const { tokeniser } = await openReading(folder, shape, settings);
  const { longest, tokens, vocabulary } = await surveyTokens(job, tokeniser);
  const parameters = [...encoderParameters(shape, vocabulary), ...headParameters(shape, labels.length)];
  const numbers = parameters.reduce((sum, parameter) => sum + sizeOf(parameter), 0);
  if (numbers > MOST_PARAMETERS) {
    const millions = (count: number) => Math.floor(count / 1e6);
    throw new EncoderError(
      settings.encoder,
      `it has ${millions(numbers)} million parameters, and ${millions(MOST_PARAMETERS)} million can be trained`,
    );
  }
  const atOnce = mostTokens({ ...settings, longest });
  const masks = 2 ** 22 + 2 * atOnce * shape.heads * longest;
  const encoded = NUMBER_BYTES * (tokens + 2 * labels.length * examples);
  return BASE_BYTES + 4 * (COPIES_OF_PARAMETERS * numbers + atOnce * keptPerToken(shape, longest) + masks) + encoded;
}

/** Numbers that the forward pass keeps for the backward pass: of each layer query, key and value, the joined heads, inputs and
 *  outputs of both norms, both sides of the GELU, and the attention's weights before and after dropout. */
function keptPerToken({ feedForward, heads, hidden, layers }: EncoderShape, longest: number): number {
  return layers * (8 * hidden + 2 * feedForward + 2 * heads * longest);
}

/** In an array of JavaScript. */
const NUMBER_BYTES = 8;
