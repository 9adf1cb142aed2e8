/** The training examples of the linear student, counted once for all its fits. */
import type { LinearSettings } from '../contracts/index.js';
import { type NgramBlock, NgramCounter, tokenise } from './ngrams.js';
import type { TrainingJob } from './student.js';
import { CountTable } from './tf-idf.js';
import { PARITY_ROWS } from './training.js';
import { likeliest, readExamples } from './training-examples.js';

export interface LinearExamples {
  readonly labels: number;
  readonly tables: readonly CountTable[];
  /** Probabilities of each row's labels. */
  readonly targets: readonly (readonly number[])[];
  readonly fittingRows: readonly number[];
  readonly validationRows: readonly number[];
  /** Texts of the first rows. */
  readonly parityTexts: readonly string[];
}

/** Word 1-2-grams and in-word character 3-5-grams; each block has half of the buckets. */
export function linearBlocks(buckets: number): NgramBlock[] {
  const half = Math.floor(buckets / 2);
  return [
    { unit: 'word', lengths: [1, 2], buckets: half },
    { unit: 'char', lengths: [3, 5], buckets: buckets - half },
  ];
}

export async function countExamples(job: TrainingJob<LinearSettings>): Promise<LinearExamples> {
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

/** Targets of the chosen rows [rows][labels], row-major. */
export function rowMajor(targets: LinearExamples['targets'], rows: readonly number[]): Float64Array {
  const labels = targets[0]!.length;
  const result = new Float64Array(rows.length * labels);
  for (const [index, row] of rows.entries()) result.set(targets[row]!, index * labels);
  return result;
}
