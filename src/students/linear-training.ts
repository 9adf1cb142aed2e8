/** Trains the linear student: counts n-grams, chooses C on the validation rows, fits on all rows, exports. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeLinearFeatures } from './linear-featuriser.js';
import { linearOnnxModel } from './linear-graph.js';
import { fitLogisticRegression, type LogisticModel, predictProbabilities } from './logistic-regression.js';
import { type NgramBlock, NgramCounter, tokenise } from './ngrams.js';
import { encodeOnnxModel } from './onnx-model.js';
import type { ProgressListener, Student, TrainedStudent, TrainingJob } from './student.js';
import { MODEL_FILE, writeStudentConfig, writeValidationAnswers } from './student-folder.js';
import { type BlockVocabulary, CountTable, fitVocabulary, weigh } from './tf-idf.js';
import { measureParity, PARITY_ROWS } from './training.js';
import { likeliest, readExamples } from './training-examples.js';

/** Word 1-2-grams and in-word character 3-5-grams; each block has half of the buckets. */
export function linearBlocks(buckets: number): NgramBlock[] {
  const half = Math.floor(buckets / 2);
  return [
    { unit: 'word', lengths: [1, 2], buckets: half },
    { unit: 'char', lengths: [3, 5], buckets: buckets - half },
  ];
}

/** Trains and exports; `load` opens the export for the parity check. */
export async function trainLinear(
  job: TrainingJob,
  onProgress: ProgressListener,
  load: (folder: string) => Promise<Student>,
): Promise<TrainedStudent> {
  const started = performance.now();
  const data = await countExamples(job);
  const report = (phase: string, fit: number) => (iteration: number) =>
    onProgress({ phase, done: shareDone(fit, iteration, job.settings.strengths.length + 1) });

  const candidates = await tryStrengths(data, job.settings.strengths, report);
  const best = candidates.reduce((best, candidate) => (candidate.logLoss < best.logLoss ? candidate : best));

  const everyRow = data.targets.map((_, row) => row);
  const vocabularies = data.tables.map((table) => fitVocabulary(table, everyRow));
  const features = weigh(data.tables, vocabularies, everyRow);
  const { model } = await fitLogisticRegression(features, rowMajor(data.targets, everyRow), job.labels.length, {
    strength: best.C,
    warmStart: null,
    onIteration: report('all rows', candidates.length),
  });
  await onProgress({ phase: 'export', done: 0.99 });
  await exportLinear(job, vocabularies, model);
  await writeValidationAnswers(job.outputFolder, best.predicted);
  const trainSeconds = (performance.now() - started) / 1000;

  const student = await load(job.outputFolder);
  try {
    const parityRows = everyRow.slice(0, PARITY_ROWS);
    const expected = predictProbabilities(model, weigh(data.tables, vocabularies, parityRows));
    return {
      kind: job.kind,
      trainSeconds,
      examples: everyRow.length,
      validation: { rows: data.validationRows.length, agreement: best.agreement },
      chosen: { C: best.C },
      candidates: candidates.map(({ predicted, ...figures }) => figures),
      parity: await measureParity(student, data.parityTexts, expected),
    };
  } finally {
    await student.close();
  }
}

interface LinearData {
  readonly labels: number;
  readonly tables: readonly CountTable[];
  /** Probabilities of each row's labels. */
  readonly targets: readonly (readonly number[])[];
  readonly fittingRows: readonly number[];
  readonly validationRows: readonly number[];
  /** Texts of the first rows. */
  readonly parityTexts: readonly string[];
}

/** The figures of one C on the validation rows; gradientNorm and iterations tell how well its fit converged. */
interface Candidate {
  readonly C: number;
  /** Mean cross-entropy to the targets, in nats. */
  readonly logLoss: number;
  readonly agreement: number;
  /** The label answered to each validation row, by its number. */
  readonly predicted: readonly number[];
  readonly iterations: number;
  readonly gradientNorm: number;
}

/** Keeps the loss of a row finite, which its exact probability of 0 would not. */
const LEAST_PROBABILITY = 1e-15;

async function countExamples(job: TrainingJob): Promise<LinearData> {
  const tables = linearBlocks(job.settings.buckets).map((block) => new CountTable(block));
  const counters = tables.map(({ block }) => new NgramCounter(block));
  const data = { targets: [] as number[][], fittingRows: [] as number[], validationRows: [] as number[] };
  const parityTexts: string[] = [];
  for await (const { text, target, validation } of readExamples(job)) {
    const tokens = tokenise(text);
    for (const [b, table] of tables.entries()) table.append(counters[b]!.count(tokens));
    (validation ? data.validationRows : data.fittingRows).push(data.targets.length);
    const label = likeliest(target);
    data.targets.push(job.settings.targets === 'soft' ? target : target.map((_, k) => (k === label ? 1 : 0)));
    if (parityTexts.length < PARITY_ROWS) parityTexts.push(text);
  }
  return { ...data, labels: job.labels.length, tables, parityTexts };
}

/** Fits each C on the fitting rows, strongest regularisation first, each from where the last one ended. The lowest log
 *  loss wins: unlike accuracy it does not jump with single rows, and it wants calibrated probabilities. The first of
 *  equals, so the stronger one, wins. */
async function tryStrengths(
  data: LinearData,
  strengths: readonly number[],
  report: (phase: string, fit: number) => (iteration: number) => Promise<void>,
): Promise<Candidate[]> {
  const vocabularies = data.tables.map((table) => fitVocabulary(table, data.fittingRows));
  const features = weigh(data.tables, vocabularies, data.fittingRows);
  const targets = rowMajor(data.targets, data.fittingRows);
  const validation = weigh(data.tables, vocabularies, data.validationRows);
  const candidates: Candidate[] = [];
  let warmStart: LogisticModel | null = null;
  for (const [index, C] of [...strengths].sort((a, b) => a - b).entries()) {
    const fit = await fitLogisticRegression(features, targets, data.labels, {
      strength: C,
      warmStart,
      onIteration: report(`C = ${C}`, index),
    });
    warmStart = fit.model;
    candidates.push({
      C,
      ...score(predictProbabilities(fit.model, validation), data),
      iterations: fit.iterations,
      gradientNorm: fit.gradientNorm,
    });
  }
  return candidates;
}

function score(probabilities: Float64Array, data: LinearData): Pick<Candidate, 'logLoss' | 'agreement' | 'predicted'> {
  const predicted: number[] = [];
  let [loss, agreeing] = [0, 0];
  for (const [index, row] of data.validationRows.entries()) {
    const answer = probabilities.subarray(index * data.labels, (index + 1) * data.labels);
    const target = data.targets[row]!;
    for (const [label, share] of target.entries())
      loss -= share * Math.log(Math.max(answer[label]!, LEAST_PROBABILITY));
    const label = likeliest(answer);
    predicted.push(label);
    if (label === likeliest(target)) agreeing++;
  }
  const rows = data.validationRows.length;
  return { logLoss: loss / rows, agreement: agreeing / rows, predicted };
}

async function exportLinear(
  job: TrainingJob,
  vocabularies: readonly BlockVocabulary[],
  { labels, parameters }: LogisticModel,
): Promise<void> {
  let start = 0;
  const blocks = vocabularies.map(({ block, known, idf }) => {
    const end = start + known.length * labels;
    const weights = parameters.subarray(start, end);
    start = end;
    return { name: block.unit, idf, weights };
  });
  const bytes = encodeOnnxModel(linearOnnxModel(blocks, parameters.subarray(start)));
  await writeFile(join(job.outputFolder, MODEL_FILE), bytes);
  await writeLinearFeatures(job.outputFolder, vocabularies);
  await writeStudentConfig(job.outputFolder, job.kind, job.labels);
}

function rowMajor(targets: LinearData['targets'], rows: readonly number[]): Float64Array {
  const labels = targets[0]!.length;
  const result = new Float64Array(rows.length * labels);
  for (const [index, row] of rows.entries()) result.set(targets[row]!, index * labels);
  return result;
}

/** How long a fit takes is not known beforehand: half of its share is reached after 50 iterations. */
function shareDone(fit: number, iteration: number, fits: number): number {
  return (0.98 * (fit + iteration / (iteration + 50))) / fits;
}
