/** Which n-grams the linear student knows, and which of them share a weight. */
import type { CountTable } from './count-table.js';
import type { LogisticModel } from './logistic-regression.js';
import type { NgramBlock } from './ngrams.js';

/** The buckets of one block that training texts fall into; all others are masked.
 *
 *  Buckets that occur equally often in every training text can't be told apart, and the penalty gives them equal weights.
 *  They share a column, in which each counts 1/√(their number): loss and penalty stay what they are, and so does the fit,
 *  with a third of the parameters on the recorded data (rare words bring many n-grams that occur nowhere else). */
export interface BlockVocabulary {
  readonly block: NgramBlock;
  /** Ascending. */
  readonly known: Uint32Array;
  /** For each bucket that occurs in the table it was learnt from, 1 + its place in `known`; 0 where it is masked. */
  readonly places: Int32Array;
  /** Smoothed inverse document frequency of each known bucket: ln((1 + texts) / (1 + texts with it)) + 1, at least 1. */
  readonly idf: Float64Array;
  readonly columns: number;
  /** The column of each known bucket. */
  readonly columnOf: Uint32Array;
  /** What each known bucket counts in its column. */
  readonly share: Float64Array;
}

/** Learns from the given rows which buckets to know, and how rare they are. Knows at most `atMost`: of more, those of
 *  the fewest texts are left out. */
export function fitVocabulary(table: CountTable, rows: readonly number[], atMost: number): BlockVocabulary {
  const { occurring } = table;
  const documents = new Uint32Array(occurring.length);
  for (const row of rows) {
    for (const at of table.row(row).places) documents[at] = documents[at]! + 1;
  }
  const least = leastTexts(documents, rows.length, atMost);
  let size = 0;
  for (const texts of documents) if (texts >= least) size++;
  const known = new Uint32Array(size);
  const idf = new Float64Array(size);
  const places = new Int32Array(occurring.length);
  let place = 0;
  for (const [at, texts] of documents.entries()) {
    if (texts < least) continue;
    known[place] = occurring[at]!;
    idf[place++] = Math.log((1 + rows.length) / (1 + texts)) + 1;
    places[at] = place;
  }
  return { block: table.block, known, places, idf, ...shareColumns(table, rows, places, size) };
}

/** For each bucket of the block, 1 + its place in `known`; 0 where it is masked. */
export function placesOf(vocabulary: { readonly block: NgramBlock; readonly known: Uint32Array }): Int32Array {
  const places = new Int32Array(vocabulary.block.buckets);
  for (const [place, bucket] of vocabulary.known.entries()) places[bucket] = place + 1;
  return places;
}

/** Columns of all blocks together. */
export function columnCount(vocabularies: readonly BlockVocabulary[]): number {
  return vocabularies.reduce((sum, { columns }) => sum + columns, 0);
}

/** The weights of each block's known buckets [known][labels], row-major, from those of the columns. */
export function bucketWeights(vocabularies: readonly BlockVocabulary[], model: LogisticModel): Float64Array[] {
  const { labels, parameters } = model;
  let firstColumn = 0;
  return vocabularies.map(({ known, columns, columnOf, share }) => {
    const weights = new Float64Array(known.length * labels);
    for (let place = 0; place < known.length; place++) {
      const start = (firstColumn + columnOf[place]!) * labels;
      for (let label = 0; label < labels; label++) {
        weights[place * labels + label] = parameters[start + label]! * share[place]!;
      }
    }
    firstColumn += columns;
    return weights;
  });
}

/** A model with the weights that `from` gives to the buckets that both vocabularies know: where a later fit starts. */
export function carryOver(
  model: LogisticModel,
  from: readonly BlockVocabulary[],
  to: readonly BlockVocabulary[],
): LogisticModel {
  const { labels, parameters } = model;
  const weights = bucketWeights(from, model);
  const carried = new Float64Array((columnCount(to) + 1) * labels);
  let firstColumn = 0;
  for (const [b, { known, columns, columnOf, share }] of to.entries()) {
    const knownBefore = from[b]!.known;
    let old = 0;
    for (let place = 0; place < known.length; place++) {
      while (old < knownBefore.length && knownBefore[old]! < known[place]!) old++;
      if (knownBefore[old] !== known[place]) continue;
      const start = (firstColumn + columnOf[place]!) * labels;
      for (let label = 0; label < labels; label++) {
        carried[start + label] = carried[start + label]! + weights[b]![old * labels + label]! * share[place]!;
      }
    }
    firstColumn += columns;
  }
  carried.set(parameters.subarray(-labels), firstColumn * labels);
  return { labels, parameters: carried };
}

/** Texts that a known bucket must occur in: 1, or as many as leave no more than `atMost` buckets. */
function leastTexts(documents: Uint32Array, rows: number, atMost: number): number {
  const bucketsIn = new Uint32Array(rows + 1);
  for (const texts of documents) bucketsIn[texts] = bucketsIn[texts]! + 1;
  let kept = 0;
  for (let texts = rows; texts > 0; texts--) {
    kept += bucketsIn[texts]!;
    if (kept > atMost) return texts + 1;
  }
  return 1;
}

/** Partition refinement: all buckets start in one group, and each row parts those that it counts differently. */
function shareColumns(
  table: CountTable,
  rows: readonly number[],
  places: Int32Array,
  known: number,
): Pick<BlockVocabulary, 'columns' | 'columnOf' | 'share'> {
  const groups = new Float64Array(known);
  let lastGroup = 0;
  for (const row of rows) {
    const counted = table.row(row);
    const parts = new Map<number, number>();
    for (let i = 0; i < counted.places.length; i++) {
      const place = places[counted.places[i]!]! - 1;
      if (place < 0) continue;
      const key = groups[place]! + GROUPS_AT_MOST * counted.counts[i]!;
      const part = parts.get(key) ?? ++lastGroup;
      parts.set(key, part);
      groups[place] = part;
    }
  }
  const columnOfGroup = new Map<number, number>();
  const columnOf = Uint32Array.from(groups, (group) => {
    const column = columnOfGroup.get(group) ?? columnOfGroup.size;
    columnOfGroup.set(group, column);
    return column;
  });
  const sizes = new Uint32Array(columnOfGroup.size);
  for (const column of columnOf) sizes[column] = sizes[column]! + 1;
  const share = Float64Array.from(columnOf, (column) => 1 / Math.sqrt(sizes[column]!));
  return { columns: sizes.length, columnOf, share };
}

/** Groups and counts make one exact key as long as an n-gram occurs less than 2²¹ times in a text. */
const GROUPS_AT_MOST = 2 ** 32;
