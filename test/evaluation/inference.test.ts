import {
  comparePaired,
  mcnemarExact,
  normalQuantile,
  pairedDifferenceInterval,
  wilsonInterval,
} from '../../src/evaluation/index.js';
import oracle from './fixtures/inference.json' with { type: 'json' };

describe('normalQuantile', () => {
  it.each(oracle.normalQuantile as [number, number][])('equals scipy at %d', (probability, quantile) => {
    expect(Math.abs(normalQuantile(probability) - quantile)).toBeLessThanOrEqual(1e-14 * Math.abs(quantile));
  });

  it('refuses 0, 1 and what is not a number', () => {
    for (const probability of [0, 1, Number.NaN]) expect(() => normalQuantile(probability)).toThrow(RangeError);
  });
});

describe('wilsonInterval', () => {
  it.each(oracle.wilson)('equals statsmodels for $right of $rows at $confidence', ({ interval, ...given }) => {
    const { low, high } = wilsonInterval(given.right, given.rows, given.confidence);
    expect(low).toBeCloseTo(interval[0] ?? Number.NaN, 12);
    expect(high).toBeCloseTo(interval[1] ?? Number.NaN, 12);
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThanOrEqual(1);
  });

  it('begins at exactly 0 without a right row and ends at exactly 1 without a wrong one', () => {
    for (let rows = 1; rows <= 300; rows++) {
      expect(wilsonInterval(0, rows, 0.95).low).toBe(0);
      expect(wilsonInterval(rows, rows, 0.95).high).toBe(1);
    }
  });

  it('refuses counts that are no share and confidences outside 0 to 1', () => {
    expect(() => wilsonInterval(0, 0, 0.95)).toThrow(RangeError);
    expect(() => wilsonInterval(4, 3, 0.95)).toThrow(RangeError);
    expect(() => wilsonInterval(1, 3, 95)).toThrow('confidence: 95');
  });
});

describe('mcnemarExact', () => {
  it.each(oracle.mcnemar)('equals statsmodels for $onlyFirst against $onlySecond', ({ onlyFirst, onlySecond, p }) => {
    expect(Math.abs(mcnemarExact(onlyFirst, onlySecond) - p)).toBeLessThanOrEqual(1e-9 * p);
  });

  it('is 18/256 for 1 against 7, by hand: twice the chance of at most 1 head in 8 tosses', () => {
    expect(mcnemarExact(1, 7)).toBeCloseTo(18 / 256, 14);
    expect(mcnemarExact(7, 1)).toBe(mcnemarExact(1, 7));
  });
});

describe('pairedDifferenceInterval', () => {
  it.each([
    ['Tango 1998, first example', 9, 3, 32, 0.95, -0.027, 0.39],
    ['Tango 1998, soft contact lenses', 0, 1, 44, 0.9, -0.096, 0.037],
    ['Agresti and Min 2005', 16, 8, 86, 0.95, -0.02, 0.207],
    ['Fagerland, Lydersen and Laake 2014, table V', 1, 7, 21, 0.95, -0.517, -0.026],
  ])('gives the published limits: %s', (_source, onlyFirst, onlySecond, rows, confidence, low, high) => {
    const interval = pairedDifferenceInterval(onlyFirst, onlySecond, rows, confidence);
    expect(interval.low).toBeCloseTo(low, 3);
    expect(interval.high).toBeCloseTo(high, 3);
  });

  it.each(oracle.tango)(
    'meets the score test solved numerically: $onlyFirst, $onlySecond of $rows at $confidence',
    ({ onlyFirst, onlySecond, rows, confidence, interval }) => {
      const { low, high } = pairedDifferenceInterval(onlyFirst, onlySecond, rows, confidence);
      expect(low).toBeCloseTo(interval[0] ?? Number.NaN, 9);
      expect(high).toBeCloseTo(interval[1] ?? Number.NaN, 9);
    },
  );

  it('turns around when first and second change places', () => {
    const { low, high } = pairedDifferenceInterval(12, 17, 363, 0.95);
    expect(pairedDifferenceInterval(17, 12, 363, 0.95)).toEqual({ low: -high, high: -low });
  });

  it('refuses counts that do not fit into the rows', () => {
    expect(() => pairedDifferenceInterval(3, 3, 5, 0.95)).toThrow(RangeError);
    expect(() => pairedDifferenceInterval(0, 0, 0, 0.95)).toThrow(RangeError);
  });
});

describe('comparePaired', () => {
  const compare = (truth: string, first: string, second: string) =>
    comparePaired({
      first: { name: 'student', predicted: [...first].map((label) => (label === '-' ? null : label)) },
      second: { name: 'teacher', predicted: [...second].map((label) => (label === '-' ? null : label)) },
      truth: [...truth],
      confidence: 0.95,
    });

  it('counts the rows that only one of the two has right', () => {
    // Only the student is right on rows 1 and 4, only the teacher on rows 6 and 7.
    expect(compare('aabbabbb', 'aabaabaa', 'abbabbbb')).toMatchObject({
      rows: 8,
      onlyFirstRight: 2,
      onlySecondRight: 2,
      accuracyDifference: 0,
      pValue: 1,
    });
    expect(compare('aaaa', 'aaab', 'abbb')).toMatchObject({
      first: 'student',
      second: 'teacher',
      rows: 4,
      onlyFirstRight: 2,
      onlySecondRight: 0,
      accuracyDifference: 0.5,
      pValue: 0.5,
    });
  });

  it('leaves out the rows that one of the two did not answer', () => {
    expect(compare('aaaa', 'aa-a', '-aab')).toMatchObject({ rows: 2, onlyFirstRight: 1, onlySecondRight: 0 });
  });

  it('refuses unequal lengths and predictions that share no row', () => {
    expect(() => compare('aa', 'a', 'aa')).toThrow('student: 1 predictions for 2 rows');
    expect(() => compare('aa', 'a-', '-a')).toThrow('no row was answered by both student and teacher');
  });
});
