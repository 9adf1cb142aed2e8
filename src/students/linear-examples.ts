/** The training examples of the linear student, counted once for all its fits. */
import { CountTable } from './count-table.js';
import type { LinearJob } from './linear-job.js';
import { type NgramBlock, NgramCounter, normalise } from './ngrams.js';
import { PARITY_ROWS } from './training.js';
import { likeliest, readExamples } from './training-examples.js';

export interface LinearExamples {
  readonly labels: number;
  readonly tables: readonly CountTable[];
  /** Buckets of a table that may have weights. */
  readonly knownAtMost: number;
  /** Probabilities of each row's labels. */
  readonly targets: readonly (readonly number[])[];
  readonly fittingRows: readonly number[];
  readonly validationRows: readonly number[];
  /** Texts of the first rows. */
  readonly parityTexts: readonly string[];
}

/** Word 1-2-grams and in-word character 3-5-grams, with so many buckets that few n-grams share one: 2¹⁷ a block cost a
 *  point of macro F1 on the recorded data. */
export const LINEAR_BLOCKS: readonly NgramBlock[] = [
  { unit: 'word', lengths: [1, 2], buckets: 2 ** 21 },
  { unit: 'char', lengths: [3, 5], buckets: 2 ** 21 },
];

export async function countExamples(job: LinearJob): Promise<LinearExamples> {
  const tables = LINEAR_BLOCKS.map((block) => new CountTable(block));
  const counters = tables.map(({ block }) => new NgramCounter(block));
  const data = { targets: [] as number[][], fittingRows: [] as number[], validationRows: [] as number[] };
  const parityTexts: string[] = [];
  for await (const { text, target, validation } of readExamples(job)) {
    const normalised = normalise(text);
    for (const [b, table] of tables.entries()) table.append(counters[b]!.count(normalised));
    (validation ? data.validationRows : data.fittingRows).push(data.targets.length);
    const label = likeliest(target);
    data.targets.push(job.settings.targets === 'soft' ? target : target.map((_, k) => (k === label ? 1 : 0)));
    if (parityTexts.length < PARITY_ROWS) parityTexts.push(text);
  }
  const knownAtMost = Math.floor(job.settings.buckets / LINEAR_BLOCKS.length);
  return { ...data, labels: job.labels.length, tables, knownAtMost, parityTexts };
}

/** Targets of the chosen rows [rows][labels], row-major. */
export function rowMajor(targets: LinearExamples['targets'], rows: readonly number[]): Float64Array {
  const labels = targets[0]!.length;
  const result = new Float64Array(rows.length * labels);
  for (const [index, row] of rows.entries()) result.set(targets[row]!, index * labels);
  return result;
}
