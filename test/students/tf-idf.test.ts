import { linearBlocks } from '../../src/students/linear-examples.js';
import { NgramCounter, tokenise } from '../../src/students/ngrams.js';
import { CountTable, fitVocabulary, placesOf, weigh } from '../../src/students/tf-idf.js';
import oracle from './fixtures/linear-oracle.json' with { type: 'json' };

/** A table over 8 buckets; each row lists its buckets, a bucket as often as it counts. */
function tableOf(rows: number[][]): CountTable {
  const table = new CountTable({ unit: 'word', lengths: [1, 1], buckets: 8 });
  for (const row of rows) {
    const buckets = [...new Set(row)];
    const counts = buckets.map((bucket) => row.filter((other) => other === bucket).length);
    table.append({ buckets: Int32Array.from(buckets), counts: Float32Array.from(counts) });
  }
  return table;
}

describe('fitVocabulary', () => {
  const table = tableOf([[5, 2, 2], [2, 7], [7, 5, 2], [1]]);

  it('knows the buckets of two or more texts, rarer ones with a higher weight', () => {
    const { known, idf } = fitVocabulary(table, [0, 1, 2, 3]);
    expect([...known]).toEqual([2, 5, 7]);
    // ln((1 + 4) / (1 + 3)) + 1 and ln((1 + 4) / (1 + 2)) + 1.
    expect([...idf].map((weight) => weight.toFixed(4))).toEqual(['1.2231', '1.5108', '1.5108']);
  });

  it('learns from the given rows only', () => {
    expect([...fitVocabulary(table, [0, 1]).known]).toEqual([2]);
  });

  it('numbers known buckets from 1 and masks the others with 0', () => {
    expect([...placesOf(fitVocabulary(table, [0, 1, 2, 3]))]).toEqual([0, 0, 1, 0, 0, 2, 0, 3]);
  });
});

describe('weigh', () => {
  it('weights (1 + ln count) · idf, scaled to length 1 in each block by itself', () => {
    const tables = [tableOf([[2, 2, 5], [5, 2], [3]]), tableOf([[6], [6], [6, 1]])];
    const vocabularies = tables.map((table) => fitVocabulary(table, [0, 1, 2]));
    const features = weigh(tables, vocabularies, [0, 2]);
    expect(features).toMatchObject({ rows: 2, columns: 3 });
    expect([...features.rowStarts]).toEqual([0, 3, 4]);
    expect([...features.columnOf]).toEqual([0, 1, 2, 2]);
    // 1 + ln 2 = 1.6931 and 1, with the same idf, over √(1.6931² + 1²) = 1.9664; then the other block's only entry.
    expect([...features.values].map((value) => value.toFixed(4))).toEqual(['0.8610', '0.5085', '1.0000', '1.0000']);
  });

  it("gives scikit-learn's features of the made-up corpus, compared by the products of all pairs of texts", () => {
    const { texts, gram, columns } = oracle.corpus;
    const tables = linearBlocks(2 ** 24).map((block) => new CountTable(block));
    for (const table of tables) {
      const counter = new NgramCounter(table.block);
      for (const text of texts) table.append(counter.count(tokenise(text)));
    }
    const rows = texts.map((_, row) => row);
    const vocabularies = tables.map((table) => fitVocabulary(table, rows));
    expect(vocabularies.map(({ known }) => known.length)).toEqual([columns.word, columns.char]);
    const { rowStarts, columnOf, values } = weigh(tables, vocabularies, rows);
    const entries = rows.map(
      (row) =>
        new Map(
          [...columnOf.slice(rowStarts[row], rowStarts[row + 1])].map((column, i) => [
            column,
            values[rowStarts[row]! + i]!,
          ]),
        ),
    );
    for (const row of rows) {
      for (const other of rows) {
        const product = [...entries[row]!].reduce(
          (sum, [column, value]) => sum + value * (entries[other]!.get(column) ?? 0),
          0,
        );
        expect(product).toBeCloseTo(gram[row]![other]!, 5);
      }
    }
  });
});
