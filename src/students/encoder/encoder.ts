/** The upper steps of the ladder: a pretrained encoder, as it is with a classifier on top, or fine-tuned as a whole. */
import type { EncoderSettings, FrozenSettings } from '../../contracts/index.js';
import type { StudentKind, TrainingJob } from '../student.js';
import { EncoderError } from '../student-errors.js';
import { loadOnnxStudent } from '../student-threads.js';
import type { ExampleSurvey } from '../training-examples.js';
import { MOST_PARAMETERS } from './adamw.js';
import { openEncoderFeaturiser } from './encoder-featuriser.js';
import { encoderParameters, headParameters, sizeOf } from './encoder-parameters.js';
import { longestText, readEncoderShape } from './encoder-shape.js';
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
    const { batchSize, maxLength } = jobOf('encoder', job).settings;
    return `student.batchSize (${batchSize}) or student.maxLength (${maxLength})`;
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

/** Node with onnxruntime loaded, at rest, and the dropout masks. */
const BASE_BYTES = 200 * 2 ** 20;
/** Values, gradients, their two moments, averaged values, the best epoch's, and gradients as onnxruntime hands them over. */
const COPIES_OF_PARAMETERS = 8;
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

/** What the forward pass keeps for the backward pass is a rule of thumb from the peaks of MiniLM at 64 and 128 tokens. */
async function estimateMemory(job: EncoderJob, { examples, characters, longest }: ExampleSurvey): Promise<number> {
  const { settings, labels } = job;
  const shape = await readEncoderShape(await locateEncoder(settings));
  const wordRows = Math.min(shape.vocabulary, characters);
  const parameters = [...encoderParameters(shape, wordRows), ...headParameters(shape, labels.length)];
  const numbers = parameters.reduce((sum, parameter) => sum + sizeOf(parameter), 0);
  if (numbers > MOST_PARAMETERS) {
    const millions = (count: number) => Math.floor(count / 1e6);
    throw new EncoderError(
      settings.encoder,
      `it has ${millions(numbers)} million parameters, and ${millions(MOST_PARAMETERS)} million can be trained`,
    );
  }
  const tokens = Math.min(settings.maxLength, longestText(shape), longest + SPECIAL_TOKENS);
  const perToken = 8 * shape.hidden + 3 * shape.feedForward + 2 * shape.heads * tokens;
  const kept = settings.batchSize * tokens * shape.layers * perToken;
  const encoded = NUMBER_BYTES * (characters + 2 * labels.length * examples);
  const wholeTable = 4 * shape.vocabulary * shape.hidden;
  return BASE_BYTES + 4 * (COPIES_OF_PARAMETERS * numbers + kept) + wholeTable + encoded;
}

const SPECIAL_TOKENS = 2;
/** In an array of JavaScript. */
const NUMBER_BYTES = 8;
