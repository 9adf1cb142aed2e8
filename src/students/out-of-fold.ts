/** What a linear student says of each training row when that row was held out: doubt about labels needs an opinion that
 *  has not seen them. Always the linear one, whatever kind is trained: its fits cost seconds. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseStrength } from './choose-strength.js';
import { randomNumbers, shuffle } from './encoder/random.js';
import { countExamples, type LinearExamples, rowMajor } from './linear-examples.js';
import { linearJob } from './linear-job.js';
import { fitLogisticRegression, predictProbabilities } from './logistic-regression.js';
import type { ProgressListener, StudentKind, TrainingJob } from './student.js';
import { weigh } from './tf-idf.js';
import { refuseMemory, refuseSingleLabel } from './training.js';
import { surveyExamples } from './training-examples.js';
import { fitVocabulary } from './vocabulary.js';

/** JSONL in the job's output folder: the probabilities of each example, in the order of the examples. */
export const OUT_OF_FOLD_FILE = 'out-of-fold.jsonl';
/** Ten found a little more of the wrong labels of the recorded data than five, at twice the cost. */
export const FOLDS = 10;
/** Divisions into folds, whose answers are averaged: which rows a row is left out with is chance, and moves it in the ranking. */
export const DIVISIONS = 3;

/** Nats: much less than what tells two opinions apart. */
const TOLERANCE = 1e-4;

/** Writes OUT_OF_FOLD_FILE: means over the divisions. Vocabulary and weights of the models that answer about an example come
 *  from other folds than its own. C is chosen on the first fold, as in training. Throws TrainingRefusedError or ExampleError. */
export async function predictOutOfFold(
  linear: StudentKind,
  given: TrainingJob,
  onProgress: ProgressListener,
): Promise<void> {
  const job = linearJob(given);
  await onProgress({ phase: 'reading', done: 0 });
  const survey = await surveyExamples(job);
  refuseSingleLabel(job, survey);
  await refuseMemory(linear, job, survey);
  const data = await countExamples(job);
  const fits = job.settings.strengths.length + DIVISIONS * FOLDS;
  const report = (phase: string, fit: number) => () => onProgress({ phase, done: fit / fits });
  const first = splitAt(data, foldsOf(data, 0, job.seed), 0);
  const { chosen } = await chooseStrength({ ...data, ...first }, job.settings.strengths, report);
  const means = new Float64Array(data.targets.length * data.labels);
  for (let fit = 0; fit < DIVISIONS * FOLDS; fit++) {
    const folds = foldsOf(data, Math.floor(fit / FOLDS), job.seed);
    const { fittingRows, validationRows } = splitAt(data, folds, fit % FOLDS);
    const vocabularies = data.tables.map((table) => fitVocabulary(table, fittingRows, data.knownAtMost));
    const { model } = await fitLogisticRegression(
      weigh(data.tables, vocabularies, fittingRows),
      rowMajor(data.targets, fittingRows),
      data.labels,
      {
        strength: chosen.C,
        tolerance: TOLERANCE,
        warmStart: null,
        onIteration: report(`fold ${fit + 1}`, job.settings.strengths.length + fit),
      },
    );
    const probabilities = predictProbabilities(model, weigh(data.tables, vocabularies, validationRows));
    for (const [index, row] of validationRows.entries()) {
      for (let label = 0; label < data.labels; label++) {
        const at = row * data.labels + label;
        means[at] = means[at]! + probabilities[index * data.labels + label]! / DIVISIONS;
      }
    }
  }
  const answers = data.targets.map((_, row) => {
    const answer = means.subarray(row * data.labels, (row + 1) * data.labels);
    return `${JSON.stringify(Array.from(answer))}\n`;
  });
  await writeFile(join(job.outputFolder, OUT_OF_FOLD_FILE), answers.join(''));
}

/** Each example's fold: its place modulo FOLDS, in their order for the first division, in a seeded one for the others. */
function foldsOf({ targets }: LinearExamples, division: number, seed: number): number[] {
  const order = targets.map((_, row) => row);
  if (division > 0) shuffle(order, randomNumbers(seed, 'out of fold', division));
  const folds = new Array<number>(order.length);
  for (const [place, row] of order.entries()) folds[row] = place % FOLDS;
  return folds;
}

function splitAt(
  { targets }: LinearExamples,
  folds: readonly number[],
  fold: number,
): Pick<LinearExamples, 'fittingRows' | 'validationRows'> {
  const rows = targets.map((_, row) => row);
  return {
    fittingRows: rows.filter((row) => folds[row] !== fold),
    validationRows: rows.filter((row) => folds[row] === fold),
  };
}
