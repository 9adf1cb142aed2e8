/** What a linear student says of each training row when that row was held out: doubt about labels needs an opinion that
 *  has not seen them. Always the linear one, whatever kind is trained: its fits cost seconds. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseStrength } from './choose-strength.js';
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

/** Nats: much less than what tells two opinions apart. */
const TOLERANCE = 1e-4;

/** Writes OUT_OF_FOLD_FILE. Example i is in fold i mod FOLDS; vocabulary and weights of its model come from the others.
 *  C is chosen on the first fold, as in training. Throws TrainingRefusedError or ExampleError. */
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
  const rows = data.targets.map((_, row) => row);
  const fits = job.settings.strengths.length + FOLDS;
  const report = (phase: string, fit: number) => () => onProgress({ phase, done: fit / fits });
  const first = splitAt(data, 0);
  const { chosen } = await chooseStrength({ ...data, ...first }, job.settings.strengths, report);
  const answers: string[] = new Array(rows.length);
  for (let fold = 0; fold < FOLDS; fold++) {
    const { fittingRows, validationRows } = splitAt(data, fold);
    const vocabularies = data.tables.map((table) => fitVocabulary(table, fittingRows, data.knownAtMost));
    const { model } = await fitLogisticRegression(
      weigh(data.tables, vocabularies, fittingRows),
      rowMajor(data.targets, fittingRows),
      data.labels,
      {
        strength: chosen.C,
        tolerance: TOLERANCE,
        warmStart: null,
        onIteration: report(`fold ${fold + 1}`, job.settings.strengths.length + fold),
      },
    );
    const probabilities = predictProbabilities(model, weigh(data.tables, vocabularies, validationRows));
    for (const [index, row] of validationRows.entries()) {
      const answer = probabilities.subarray(index * data.labels, (index + 1) * data.labels);
      answers[row] = `${JSON.stringify(Array.from(answer))}\n`;
    }
  }
  await writeFile(join(job.outputFolder, OUT_OF_FOLD_FILE), answers.join(''));
}

function splitAt({ targets }: LinearExamples, fold: number): Pick<LinearExamples, 'fittingRows' | 'validationRows'> {
  const rows = targets.map((_, row) => row);
  return {
    fittingRows: rows.filter((row) => row % FOLDS !== fold),
    validationRows: rows.filter((row) => row % FOLDS === fold),
  };
}
