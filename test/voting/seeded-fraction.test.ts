import { seededFraction } from '../../src/voting/index.js';
import oracle from './fixtures/seeded-fraction.json' with { type: 'json' };

/** Pearson's statistic of counts that should all be equal. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function countsInBins(fractions: readonly number[], bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const fraction of fractions) {
    const bin = Math.floor(fraction * bins);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

describe('seededFraction', () => {
  it.each(oracle)('gives what a second implementation gives for seed $seed and parts $parts', (expected) => {
    expect(seededFraction(expected.seed, ...expected.parts)).toBe(expected.fraction);
  });

  const keys = Array.from({ length: 10_000 }, (_, index) => `text-${index}`);

  it.each([
    ['consecutive keys', keys.map((key) => seededFraction(42, 'sample', key))],
    ['consecutive seeds', keys.map((_, index) => seededFraction(index, 'sample', 'one text'))],
    ['the bits below a thousandth', keys.map((key) => (seededFraction(42, 'sample', key) * 1000) % 1)],
    ['the bits below a billionth', keys.map((key) => (seededFraction(42, 'sample', key) * 1e9) % 1)],
  ])('spreads 10,000 draws evenly over 100 bins: %s', (_name, fractions) => {
    // 99 degrees of freedom: 1 draw of 10,000 is above 160, and too even a spread, below 50, is as suspicious.
    const statistic = chiSquare(countsInBins(fractions, 100));
    expect(statistic).toBeLessThan(160);
    expect(statistic).toBeGreaterThan(50);
  });

  it('draws independently for two purposes and for two neighbouring seeds', () => {
    const pairs: [number, number][][] = [
      keys.map((key) => [seededFraction(42, 'tie', key), seededFraction(42, 'sample', key)]),
      keys.map((key) => [seededFraction(42, 'tie', key), seededFraction(43, 'tie', key)]),
    ];
    for (const pair of pairs) {
      const cells = pair.map(([a, b]) => (Math.floor(a * 10) + b) / 10);
      expect(chiSquare(countsInBins(cells, 100))).toBeLessThan(160);
    }
  });

  it('tells where one part ends and the next begins', () => {
    expect(seededFraction(1, 'ab', 'c')).not.toBe(seededFraction(1, 'a', 'bc'));
    expect(seededFraction(1, 'a')).not.toBe(seededFraction(1, 'a', ''));
  });

  it('stays below 1 and at least 0', () => {
    const fractions = keys.map((key) => seededFraction(7, key));
    expect(Math.min(...fractions)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...fractions)).toBeLessThan(1);
  });
});
