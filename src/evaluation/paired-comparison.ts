/** Which of two classifiers is right more often, on the same rows. */
import type { PairedComparison } from '../contracts/index.js';
import { pairedDifferenceInterval } from './intervals.js';

export interface NamedPredictions {
  readonly name: string;
  /** One prediction a row, in the order of truth; null: no answer. */
  readonly predicted: readonly (string | null)[];
}

export interface PairedInput {
  readonly first: NamedPredictions;
  readonly second: NamedPredictions;
  readonly truth: readonly string[];
  readonly confidence: number;
}

/**
 * Accuracy of first minus second with Tango's paired interval and McNemar's exact test. Rows that one of the two did not
 * answer are left out: what a classifier would have said there is not known. `rows` says how many remain.
 * Throws RangeError on unequal lengths and where no row was answered by both.
 */
export function comparePaired({ first, second, truth, confidence }: PairedInput): PairedComparison {
  for (const { name, predicted } of [first, second]) {
    if (predicted.length !== truth.length) {
      throw new RangeError(`${name}: ${predicted.length} predictions for ${truth.length} rows`);
    }
  }
  let rows = 0;
  let onlyFirstRight = 0;
  let onlySecondRight = 0;
  for (const [row, label] of truth.entries()) {
    const byFirst = first.predicted[row] ?? null;
    const bySecond = second.predicted[row] ?? null;
    if (byFirst === null || bySecond === null) continue;
    rows++;
    if (byFirst === label && bySecond !== label) onlyFirstRight++;
    if (byFirst !== label && bySecond === label) onlySecondRight++;
  }
  if (rows === 0) throw new RangeError(`no row was answered by both ${first.name} and ${second.name}`);
  return {
    first: first.name,
    second: second.name,
    rows,
    onlyFirstRight,
    onlySecondRight,
    accuracyDifference: (onlyFirstRight - onlySecondRight) / rows,
    differenceInterval: pairedDifferenceInterval(onlyFirstRight, onlySecondRight, rows, confidence),
    pValue: mcnemarExact(onlyFirstRight, onlySecondRight),
  };
}

/**
 * Two-sided p-value of McNemar's exact test: twice the smaller tail of a fair coin's onlyFirst + onlySecond tosses, at
 * most 1 (McNemar 1947, Psychometrika 12:153-157). 1 where no row is discordant. Counts: whole numbers from 0.
 */
export function mcnemarExact(onlyFirst: number, onlySecond: number): number {
  const discordant = onlyFirst + onlySecond;
  const fewer = Math.min(onlyFirst, onlySecond);
  let logTerm = -discordant * Math.LN2;
  for (let k = 1; k <= fewer; k++) logTerm += Math.log((discordant - k + 1) / k);
  // The tail, in units of its largest term: each smaller count's probability follows from the one above it.
  let term = 1;
  let tail = 1;
  for (let k = fewer; k > 0; k--) {
    term *= k / (discordant - k + 1);
    tail += term;
  }
  return Math.min(1, 2 * tail * Math.exp(logTerm));
}
