import { CountTable } from '../../src/students/count-table.js';
import { LINEAR_BLOCKS } from '../../src/students/linear-examples.js';
import { NgramCounter, normalise } from '../../src/students/ngrams.js';
import { weigh } from '../../src/students/tf-idf.js';
import { fitVocabulary } from '../../src/students/vocabulary.js';
import oracle from './fixtures/linear-oracle.json' with { type: 'json' };
import { tableOf } from './table-of.js';

describe('weigh', () => {
  it('weights (1 + ln count) · idf, scaled to length 1 in each block by itself', () => {
    const tables = [
      tableOf([
        [2, 2, 5],
        [5, 2],
        [5, 2, 2, 2],
      ]),
      tableOf([[6], [6], [6, 1]]),
    ];
    const vocabularies = tables.map((table) => fitVocabulary(table, [0, 1, 2], 8));
    const features = weigh(tables, vocabularies, [0, 2]);
    expect(features).toMatchObject({ rows: 2, columns: 4 });
    expect([...features.rowStarts]).toEqual([0, 3, 7]);
    expect([...features.columnOf]).toEqual([0, 1, 3, 1, 0, 3, 2]);
    // 1 + ln 2 = 1.6931 and 1, with the same idf, over √(1.6931² + 1²) = 1.9664; then the other block's only entry.
    // 1 and 1 + ln 3 = 2.0986 over 2.3247; then idf 1 and ln(4 / 2) + 1 = 1.6931 over 1.9664.
    const expected = ['0.8610', '0.5085', '1.0000', '0.4302', '0.9028', '0.5085', '0.8610'];
    expect([...features.values].map((value) => value.toFixed(4))).toEqual(expected);
  });

  it('sums up buckets that share a column, each 1/√2 times when two do, also where only one occurs', () => {
    const tables = [tableOf([[1, 4], [7], [4], []])];
    const vocabularies = tables.map((table) => fitVocabulary(table, [0, 1], 8));
    const features = weigh(tables, vocabularies, [0, 1, 2, 3]);
    expect([...features.rowStarts]).toEqual([0, 1, 2, 3, 3]);
    expect([...features.columnOf]).toEqual([0, 1, 0]);
    // Two of 1/√2, each 1/√2 times: 1. One alone has length 1, so 1/√2.
    expect([...features.values].map((value) => value.toFixed(4))).toEqual(['1.0000', '1.0000', '0.7071']);
  });

  it("gives scikit-learn's features of the made-up corpus, compared by the products of all pairs of texts", () => {
    const { texts, gram, columns } = oracle.corpus;
    const tables = LINEAR_BLOCKS.map((block) => new CountTable(block));
    for (const table of tables) {
      const counter = new NgramCounter(table.block);
      for (const text of texts) table.append(counter.count(normalise(text)));
    }
    const rows = texts.map((_, row) => row);
    const vocabularies = tables.map((table) => fitVocabulary(table, rows, 1000));
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
