import { fitLogisticRegression } from '../../src/students/logistic-regression.js';
import { weigh } from '../../src/students/tf-idf.js';
import { bucketWeights, carryOver, fitVocabulary, placesOf } from '../../src/students/vocabulary.js';
import { tableOf } from './table-of.js';

const everyRow = [0, 1, 2, 3];

describe('fitVocabulary', () => {
  const table = tableOf([[5, 2, 2], [2, 7], [7, 5, 2], [1]]);

  it('knows the buckets of the texts, rarer ones with a higher weight', () => {
    const { known, idf } = fitVocabulary(table, everyRow, 8);
    expect([...known]).toEqual([1, 2, 5, 7]);
    // ln((1 + 4) / (1 + texts)) + 1 for 1, 3, 2 and 2 texts.
    expect([...idf].map((weight) => weight.toFixed(4))).toEqual(['1.9163', '1.2231', '1.5108', '1.5108']);
  });

  it('learns from the given rows only', () => {
    expect([...fitVocabulary(table, [0, 1], 8).known]).toEqual([2, 5, 7]);
  });

  it('leaves out the buckets of the fewest texts when there are more than it may know', () => {
    const knownOf = (atMost: number) => [...fitVocabulary(table, everyRow, atMost).known];
    expect(knownOf(4)).toEqual([1, 2, 5, 7]);
    expect(knownOf(3)).toEqual([2, 5, 7]);
    // Buckets 5 and 7 both occur in two texts: knowing one of them would be arbitrary.
    expect(knownOf(2)).toEqual([2]);
    expect(knownOf(0)).toEqual([]);
  });

  it('lets buckets share a column when every text has them equally often', () => {
    // 1 and 4 always come together, 6 comes with them but twice in one text, 3 once without them, and 0 elsewhere.
    const { known, columns, columnOf, share } = fitVocabulary(
      tableOf([[1, 4, 6, 3], [4, 1, 6, 6, 3], [3], [0]]),
      everyRow,
      8,
    );
    expect([...known]).toEqual([0, 1, 3, 4, 6]);
    expect([columns, ...columnOf]).toEqual([4, 0, 1, 2, 1, 3]);
    expect([...share].map((value) => value.toFixed(4))).toEqual(['1.0000', '0.7071', '1.0000', '0.7071', '1.0000']);
  });

  it('numbers known buckets from 1 and masks the others with 0', () => {
    expect([...placesOf(fitVocabulary(table, everyRow, 3))]).toEqual([0, 0, 1, 0, 0, 2, 0, 3]);
  });
});

describe('bucketWeights', () => {
  it('gives buckets the weights that a fit with a column for each finds', async () => {
    const table = tableOf([[1, 4], [4, 1, 3], [3], [6, 5]]);
    const targets = Float64Array.of(1, 0, 1, 0, 0, 1, 0, 1);
    const shared = fitVocabulary(table, everyRow, 8);
    const single = {
      ...shared,
      columns: 5,
      columnOf: Uint32Array.of(0, 1, 2, 3, 4),
      share: Float64Array.of(1, 1, 1, 1, 1),
    };
    expect(shared.columns).toBe(3);
    const [some, all] = await Promise.all(
      [shared, single].map(async (vocabulary) => {
        const options = { strength: 10, tolerance: 1e-12, warmStart: null };
        const { model } = await fitLogisticRegression(weigh([table], [vocabulary], everyRow), targets, 2, options);
        return bucketWeights([vocabulary], model)[0]!;
      }),
    );
    expect(some).toHaveLength(10);
    for (const [i, weight] of some!.entries()) expect(weight).toBeCloseTo(all![i]!, 5);
    expect(Math.min(...some!.map(Math.abs))).toBeGreaterThan(0.1);
  });
});

describe('carryOver', () => {
  it('keeps the weights of buckets that both vocabularies know, whatever columns they share, and the biases', () => {
    const table = tableOf([[1, 4, 6], [2], [1, 2], [4, 6, 7]]);
    const from = fitVocabulary(table, [0, 1], 8);
    const to = fitVocabulary(table, everyRow, 8);
    // Columns of `from`: 1, 4 and 6 together, then 2; of `to`: 1, then 2, then 4 and 6, then 7.
    expect([[...from.columnOf], [...to.columnOf]]).toEqual([
      [0, 1, 0, 0],
      [0, 1, 2, 2, 3],
    ]);
    const model = { labels: 2, parameters: Float64Array.of(3, -3, 2, -2, 0.5, -0.5) };
    const carried = carryOver(model, [from], [to]);
    const weights = bucketWeights([to], carried)[0]!;
    const third = 3 / Math.sqrt(3);
    const expected = [third, -third, 2, -2, third, -third, third, -third, 0, 0];
    for (const [i, weight] of weights.entries()) expect(weight).toBeCloseTo(expected[i]!, 12);
    expect([...carried.parameters.slice(-2)]).toEqual([0.5, -0.5]);
  });
});
