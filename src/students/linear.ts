/** The first step of the ladder: hashed n-grams, tf-idf and multinomial logistic regression. No download. */

import { WORKING_VECTORS } from './lbfgs.js';
import { LINEAR_BLOCKS } from './linear-examples.js';
import { openLinearFeaturiser } from './linear-featuriser.js';
import { type LinearJob, linearJob } from './linear-job.js';
import { trainLinear } from './linear-training.js';
import type { StudentKind } from './student.js';
import { loadOnnxStudent } from './student-threads.js';
import type { ExampleSurvey } from './training-examples.js';

const load = (folder: string) => loadOnnxStudent('linear', folder);

export const linear: StudentKind = {
  kind: 'linear',
  prepare: async (job, survey) => ({
    memory: estimateMemory(linearJob(job), survey),
    train: (onProgress) => trainLinear(linearJob(job), onProgress, load),
  }),
  memorySettings: (job) => `student.buckets (${linearJob(job).settings.buckets})`,
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
/** What two vocabularies hold of a known bucket (24 each), and the groups that one is made from. */
const BYTES_PER_KNOWN = 56;
/** Four tables with a number for each bucket of the hash. */
const TABLE_BYTES = 4 * 4 * LINEAR_BLOCKS.reduce((sum, { buckets }) => sum + buckets, 0);

/** Characters are UTF-16 code units. */
function estimateMemory(job: LinearJob, { examples, characters }: ExampleSurvey): number {
  const entries = ENTRIES_PER_CHARACTER * characters;
  const known = Math.min(job.settings.buckets, entries);
  // As if no two buckets shared a column.
  const parameters = (known + 1) * job.labels.length;
  const modelBytes = 8 * parameters * (WORKING_VECTORS + KEPT_MODELS);
  const targetBytes = 3 * 8 * job.labels.length * examples;
  return BASE_BYTES + TABLE_BYTES + BYTES_PER_ENTRY * entries + BYTES_PER_KNOWN * known + modelBytes + targetBytes;
}
