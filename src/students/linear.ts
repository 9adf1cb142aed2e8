/** The first step of the ladder: hashed n-grams, tf-idf and multinomial logistic regression. No download. */
import type { LinearSettings } from '../contracts/index.js';
import { loadOnnxStudent } from './inference-thread.js';
import { WORKING_VECTORS } from './lbfgs.js';
import { openLinearFeaturiser } from './linear-featuriser.js';
import { trainLinear } from './linear-training.js';
import type { StudentKind, TrainingJob } from './student.js';
import type { ExampleSurvey } from './training-examples.js';

const load = (folder: string) => loadOnnxStudent('linear', folder);

export const linear: StudentKind = {
  kind: 'linear',
  estimateMemory: async (job, survey) => estimateMemory(linearJob(job), survey),
  memorySettings: (job) => `student.buckets (${linearJob(job).settings.buckets})`,
  train: (job, onProgress) => trainLinear(linearJob(job), onProgress, load),
  openFeaturiser: openLinearFeaturiser,
  load,
};

/** Node with onnxruntime loaded, at rest. */
const BASE_BYTES = 150 * 2 ** 20;
/** Different n-grams of a text per character, at most about: three character n-grams start at each. */
const ENTRIES_PER_CHARACTER = 3;
/** Counted (8 bytes, with the growing array's old half and slack: 20) and weighted (8) once each. */
const BYTES_PER_ENTRY = 28;
/** The warm start and the best candidate so far. */
const KEPT_MODELS = 2;

type LinearJob = TrainingJob<LinearSettings>;

function linearJob(job: TrainingJob): LinearJob {
  const { settings } = job;
  if (settings.kind !== 'linear') throw new RangeError(`the settings are for the student kind "${settings.kind}"`);
  return { ...job, settings };
}

/** Characters are UTF-16 code units. */
function estimateMemory(job: LinearJob, { examples, characters }: ExampleSurvey): number {
  const entries = ENTRIES_PER_CHARACTER * characters;
  const parameters = (Math.min(job.settings.buckets, entries) + 1) * job.labels.length;
  const modelBytes = 8 * parameters * (WORKING_VECTORS + KEPT_MODELS);
  const targetBytes = 3 * 8 * job.labels.length * examples;
  return BASE_BYTES + BYTES_PER_ENTRY * entries + modelBytes + targetBytes + 16 * job.settings.buckets;
}
