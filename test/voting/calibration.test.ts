/** Shares of votes become probabilities as scikit-learn's Platt scaling makes them (fixtures/calibration.py). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  calibratedDistribution,
  calibrateShares,
  chanceOfRight,
  type JudgedLabel,
} from '../../src/voting/calibration.js';

const oracle = JSON.parse(readFileSync(join(__dirname, 'fixtures', 'calibration.json'), 'utf8')) as {
  cases: { labels: JudgedLabel[]; intercept: number; slope: number }[];
};

it.each(oracle.cases.map((each, index) => ({ ...each, index })))(
  "gives scikit-learn's intercept and slope: case $index",
  ({ labels, ...expected }) => {
    const fitted = calibrateShares(labels)!;
    expect(Math.abs(fitted.intercept - expected.intercept)).toBeLessThan(1e-6);
    expect(Math.abs(fitted.slope - expected.slope)).toBeLessThan(1e-6);
    expect(fitted.judged).toBe(labels.length);
  },
);

it('learns nothing from fewer than fifty labels, or without five right and five wrong ones', () => {
  const labels = (rows: number, wrong: number) =>
    Array.from({ length: rows }, (_, i) => ({ share: 1, votes: 3, right: i >= wrong }));
  expect(calibrateShares(labels(49, 20))).toBeNull();
  expect(calibrateShares(labels(60, 4))).toBeNull();
  expect(calibrateShares(labels(60, 56))).toBeNull();
  expect(calibrateShares(labels(60, 5))).not.toBeNull();
});

it('trusts unanimous votes as often as they were right', () => {
  const labels = Array.from({ length: 100 }, (_, i) => ({ share: 1, votes: 3, right: i >= 10 }));
  expect(chanceOfRight(calibrateShares(labels)!, { share: 1, votes: 3 })).toBeCloseTo(0.9, 2);
});

it('leaves the rest to the other labels as they shared it, or evenly', () => {
  const labels = ['a', 'b', 'c', 'd'];
  expect(calibratedDistribution({ a: 0.6, b: 0.3, c: 0.1 }, { chance: 0.8, label: 'a', labels })).toEqual({
    a: 0.8,
    b: expect.closeTo(0.15, 12),
    c: expect.closeTo(0.05, 12),
  });
  expect(calibratedDistribution({ a: 1 }, { chance: 0.97, label: 'a', labels })).toEqual({
    a: 0.97,
    b: expect.closeTo(0.01, 12),
    c: expect.closeTo(0.01, 12),
    d: expect.closeTo(0.01, 12),
  });
});
