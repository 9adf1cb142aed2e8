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
interface HoldOut {
  readonly folds: number;
  /** Divisions into folds, whose answers are averaged: which rows a row is left out with is chance, and moves it in the ranking. */
  readonly divisions: number;
}

/** On the recorded data ten folds found a little more of the wrong labels than five, at twice the cost. */
const FEW_ROWS: HoldOut = { folds: 10, divisions: 3 };
/** A fit's cost grows with the rows, and what the last tenth of them and chance add to it gets small. */
const MANY_ROWS: HoldOut = { folds: 5, divisions: 1 };
const MANY = 20_000;

export function holdOutOf(rows: number): HoldOut {
  return rows < MANY ? FEW_ROWS : MANY_ROWS;
}

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
  refuseMemory(linear, job, survey, (await linear.prepare(job, survey)).memory);
  const data = await countExamples(job);
  const { folds, divisions } = holdOutOf(data.targets.length);
  const fits = job.settings.strengths.length + divisions * folds;
  const report = (phase: string, fit: number) => () => onProgress({ phase, done: fit / fits });
  const first = splitAt(data, foldsOf(data, folds, 0, job.seed), 0);
  const { chosen } = await chooseStrength({ ...data, ...first }, job.settings.strengths, report);
  const means = new Float64Array(data.targets.length * data.labels);
  for (let fit = 0; fit < divisions * folds; fit++) {
    const foldOf = foldsOf(data, folds, Math.floor(fit / folds), job.seed);
    const { fittingRows, validationRows } = splitAt(data, foldOf, fit % folds);
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
        means[at] = means[at]! + probabilities[index * data.labels + label]! / divisions;
      }
    }
  }
  await writeFile(join(job.outputFolder, OUT_OF_FOLD_FILE), answerLines(means, data.labels));
}

/** In pieces: of many rows and labels they are more than a string may hold. */
function* answerLines(means: Float64Array, labels: number): Generator<string> {
  for (let at = 0; at < means.length; at += labels) {
    yield `${JSON.stringify(Array.from(means.subarray(at, at + labels)))}\n`;
  }
}

/** Each example's fold: its place modulo their number, in their order for the first division, in a seeded one for the others. */
function foldsOf({ targets }: LinearExamples, folds: number, division: number, seed: number): number[] {
  const order = targets.map((_, row) => row);
  if (division > 0) shuffle(order, randomNumbers(seed, 'out of fold', division));
  const foldOf = new Array<number>(order.length);
  for (const [place, row] of order.entries()) foldOf[row] = place % folds;
  return foldOf;
}

function splitAt(
  { targets }: LinearExamples,
  foldOf: readonly number[],
  fold: number,
): Pick<LinearExamples, 'fittingRows' | 'validationRows'> {
  const rows = targets.map((_, row) => row);
  return {
    fittingRows: rows.filter((row) => foldOf[row] !== fold),
    validationRows: rows.filter((row) => foldOf[row] === fold),
  };
}
