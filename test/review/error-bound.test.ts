import { auditSize, mostWrong } from '../../src/review/index.js';

describe('mostWrong', () => {
  it('is the whole population before anything was looked at, and exact when all was', () => {
    expect(mostWrong({ population: 50, sampled: 0, wrong: 0 }, 0.95)).toBe(50);
    expect(mostWrong({ population: 50, sampled: 50, wrong: 7 }, 0.95)).toBe(7);
  });

  it('is worked out by hand for two labels of which one right one was seen', () => {
    // m = 2 is impossible, as one is right. m = 1 has the likelihood 1/2 beside 1 of m = 0: a ratio of 2, under 20.
    expect(mostWrong({ population: 2, sampled: 1, wrong: 0 }, 0.95)).toBe(1);
    // With confidence 0.4 a ratio of 1 / 0.6 is enough.
    expect(mostWrong({ population: 2, sampled: 1, wrong: 0 }, 0.4)).toBe(0);
  });

  it('falls with every right label and rises with a wrong one', () => {
    const most = (sampled: number, wrong: number) => mostWrong({ population: 2000, sampled, wrong }, 0.95);
    expect(most(200, 0)).toBeLessThan(most(150, 0));
    expect(most(200, 1)).toBeGreaterThan(most(200, 0));
    expect(most(200, 4)).toBeGreaterThan(most(400, 4));
  });

  it('is never below what was seen, nor above what can be left', () => {
    for (const [sampled, wrong] of [
      [1, 1],
      [10, 3],
      [99, 99],
      [99, 0],
    ] as const) {
      const bound = mostWrong({ population: 100, sampled, wrong }, 0.95);
      expect(bound).toBeGreaterThanOrEqual(wrong);
      expect(bound).toBeLessThanOrEqual(100 - (sampled - wrong));
    }
  });

  it('refuses counts that can not be', () => {
    expect(() => mostWrong({ population: 10, sampled: 11, wrong: 0 }, 0.95)).toThrow(RangeError);
    expect(() => mostWrong({ population: 10, sampled: 5, wrong: 6 }, 0.95)).toThrow('6 wrong of 5');
  });

  it('is the largest number of wrong labels that is not rejected, each tested by the definition', () => {
    for (const [population, sampled, wrong] of [
      [40, 12, 0],
      [40, 12, 5],
      [200, 90, 3],
      [300, 25, 2],
      [300, 280, 40],
    ] as const) {
      for (const confidence of [0.6, 0.95, 0.999]) {
        const bound = mostWrong({ population, sampled, wrong }, confidence);
        expect({ population, sampled, wrong, confidence, bound }).toEqual({
          ...{ population, sampled, wrong, confidence },
          bound: largestKept(population, sampled, wrong, confidence),
        });
      }
    }
  });

  it('is passed by the truth at any moment with a chance of at most 5 %, exactly, whatever the truth', () => {
    const population = 60;
    const bounds = Array.from({ length: population + 1 }, (_, sampled) =>
      Array.from({ length: sampled + 1 }, (__, wrong) => mostWrong({ population, sampled, wrong }, 0.95)),
    );
    const chances = Array.from({ length: population + 1 }, (_, truth) => chanceOfMiss(truth, population, bounds));
    expect(Math.max(...chances)).toBeLessThanOrEqual(0.05 + 1e-9);
    // And is not so wide that it holds for no reason.
    expect(Math.max(...chances)).toBeGreaterThan(0.035);
  });
});

describe('auditSize', () => {
  it('says how many right labels show at most 2 %: 176 of 10,000, where a fixed size without early stopping takes 149', () => {
    expect(auditSize(10_000, 0.02, 0.95)).toBe(176);
    expect(mostWrong({ population: 10_000, sampled: 176, wrong: 0 }, 0.95)).toBeLessThanOrEqual(200);
    expect(mostWrong({ population: 10_000, sampled: 175, wrong: 0 }, 0.95)).toBeGreaterThan(200);
  });

  it('is the whole of a small population', () => {
    expect(auditSize(10, 0.02, 0.95)).toBe(10);
  });
});

/** Tests every number m of wrong labels against the beta-binomial mixture of the smaller ones. */
function largestKept(population: number, sampled: number, wrong: number, confidence: number): number {
  const ways = (n: number, k: number) => {
    let product = k < 0 || k > n ? 0 : 1;
    for (let i = 1; i <= k && i <= n; i++) product *= (n - k + i) / i;
    return product;
  };
  const rising = (from: number, count: number) => {
    let product = 1;
    for (let i = 0; i < count; i++) product *= (from + i) / (i + 1);
    return product;
  };
  const prior = (m: number) => rising(0.4, m) * rising(8, population - m);
  const seen = (m: number) => ways(population - sampled, m - wrong) / ways(population, m);
  let largest = wrong;
  let [weights, mixed] = [0, 0];
  for (let m = 0; m <= population; m++) {
    if (seen(m) > 0 && (weights === 0 || mixed / weights / seen(m) < 1 / (1 - confidence)))
      largest = Math.max(largest, m);
    weights += prior(m);
    mixed += prior(m) * seen(m);
  }
  return largest;
}

/** Chance that some bound of an audit lies below the truth: sums the chances of all sequences that have not missed yet, by
 *  the wrong labels that they have found. */
function chanceOfMiss(truth: number, population: number, bounds: readonly (readonly number[])[]): number {
  let going = [1];
  let missed = 0;
  for (let sampled = 1; sampled <= population; sampled++) {
    const left = population - sampled + 1;
    const next = new Array<number>(sampled + 1).fill(0);
    for (const [wrong, chance] of going.entries()) {
      const wrongLeft = Math.max(0, Math.min(left, truth - wrong));
      next[wrong + 1] = next[wrong + 1]! + (chance * wrongLeft) / left;
      next[wrong] = next[wrong]! + (chance * (left - wrongLeft)) / left;
    }
    for (const [wrong, chance] of next.entries()) {
      if (bounds[sampled]![wrong]! >= truth) continue;
      missed += chance;
      next[wrong] = 0;
    }
    going = next;
  }
  return missed;
}
