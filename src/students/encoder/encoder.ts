/** The last step of the ladder: a pretrained encoder, fine-tuned as a whole. */
import type { EncoderSettings } from '../../contracts/index.js';
import { loadOnnxStudent } from '../inference-thread.js';
import type { StudentKind, TrainingJob } from '../student.js';
import { EncoderError } from '../student-errors.js';
import type { ExampleSurvey } from '../training-examples.js';
import { MOST_PARAMETERS } from './adamw.js';
import { openEncoderFeaturiser } from './encoder-featuriser.js';
import { encoderParameters, headParameters, sizeOf } from './encoder-parameters.js';
import { longestText, readEncoderShape } from './encoder-shape.js';
import { locateEncoder } from './locate-encoder.js';

const load = (folder: string) => loadOnnxStudent('encoder', folder);

export const encoder: StudentKind = {
  kind: 'encoder',
  estimateMemory: (job, survey) => estimateMemory(encoderJob(job), survey),
  memorySettings: (job) => {
    const { batchSize, maxLength } = encoderJob(job).settings;
    return `student.batchSize (${batchSize}) or student.maxLength (${maxLength})`;
  },
  train: async (job, onProgress) => {
    // Only the training process needs onnxruntime beside its inference thread.
    const { trainEncoder } = await import('./encoder-training.js');
    const encoderFolder = await locateEncoder(encoderJob(job).settings);
    return trainEncoder({ job: encoderJob(job), encoderFolder, onProgress, load });
  },
  openFeaturiser: openEncoderFeaturiser,
  load,
};

type EncoderJob = TrainingJob<EncoderSettings>;

/** Node with onnxruntime loaded, at rest, and the dropout masks. */
const BASE_BYTES = 200 * 2 ** 20;
/** Values, gradients, their two moments, the best epoch's values, and gradients as onnxruntime hands them over. */
const COPIES_OF_PARAMETERS = 7;

function encoderJob(job: TrainingJob): EncoderJob {
  const { settings } = job;
  if (settings.kind !== 'encoder') throw new RangeError(`the settings are for the student kind "${settings.kind}"`);
  return { ...job, settings };
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
