/** Sublinear tf-idf over counted n-grams. */
import type { CountTable } from './count-table.js';
import type { SparseRows } from './logistic-regression.js';
import { type BlockVocabulary, columnCount } from './vocabulary.js';

/** Weights (1 + ln count) · idf of the chosen rows, each block scaled to length 1 by itself, as one TfidfVectorizer a
 *  block gives them, summed up in the vocabularies' columns, block by block. The vocabularies were learnt from the tables. */
export function weigh(
  tables: readonly CountTable[],
  vocabularies: readonly BlockVocabulary[],
  rows: readonly number[],
): SparseRows {
  const sizes = rows.map((row) => tables.reduce((sum, table) => sum + table.row(row).places.length, 0));
  const largest = sizes.reduce((sum, size) => sum + size, 0);
  const rowStarts = new Uint32Array(rows.length + 1);
  const columnOf = new Int32Array(largest);
  const values = new Float32Array(largest);
  /** 1 + the latest entry of each column, or 0. */
  const entryOf = new Uint32Array(columnCount(vocabularies));
  let end = 0;
  for (const [index, row] of rows.entries()) {
    let firstColumn = 0;
    for (const [b, table] of tables.entries()) {
      const { places, counts } = table.row(row);
      const vocabulary = vocabularies[b]!;
      const start = end;
      let squares = 0;
      for (let i = 0; i < places.length; i++) {
        const place = vocabulary.places[places[i]!]! - 1;
        if (place < 0) continue;
        const value = (1 + Math.log(counts[i]!)) * vocabulary.idf[place]!;
        squares += value * value;
        const column = firstColumn + vocabulary.columnOf[place]!;
        if (entryOf[column]! <= start) {
          columnOf[end] = column;
          entryOf[column] = ++end;
        }
        const entry = entryOf[column]! - 1;
        values[entry] = values[entry]! + value * vocabulary.share[place]!;
      }
      const length = Math.sqrt(squares);
      for (let entry = start; entry < end; entry++) values[entry] = values[entry]! / length;
      firstColumn += vocabulary.columns;
    }
    rowStarts[index + 1] = end;
  }
  return {
    rows: rows.length,
    columns: entryOf.length,
    rowStarts,
    columnOf: columnOf.subarray(0, end),
    values: values.subarray(0, end),
  };
}
