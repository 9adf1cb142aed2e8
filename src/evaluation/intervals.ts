/** Confidence intervals for shares. */
import type { Interval } from '../contracts/index.js';
import { normalQuantile } from './normal-quantile.js';

/**
 * Wilson's score interval for the share right / rows (Wilson 1927, JASA 22:209-212). confidence: 0.95 for 95 %.
 * Throws RangeError unless 0 <= right <= rows, rows > 0 and 0 < confidence < 1.
 */
export function wilsonInterval(right: number, rows: number, confidence: number): Interval {
  if (!(rows > 0 && right >= 0 && right <= rows)) {
    throw new RangeError(`right: ${right} of ${rows} rows is no share; there must be rows, and right ones among them`);
  }
  const z = twoSidedQuantile(confidence);
  const share = right / rows;
  const scale = 1 + (z * z) / rows;
  const centre = (share + (z * z) / (2 * rows)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / rows + (z * z) / (4 * rows * rows));
  return {
    low: right === 0 ? 0 : centre - half,
    high: right === rows ? 1 : centre + half,
  };
}

/**
 * Tango's score interval for the difference of two paired shares, (onlyFirst - onlySecond) / rows (Tango 1998,
 * Statistics in Medicine 17:891-908). Of the paired intervals this is the one that inverts McNemar's test: it stays
 * within -1 to 1, is defined where no row is discordant, and covers well with few discordant rows (Fagerland, Lydersen
 * and Laake 2014, Statistics in Medicine 33:2850-2875).
 * Throws RangeError unless the counts fit into rows > 0 and 0 < confidence < 1.
 */
export function pairedDifferenceInterval(
  onlyFirst: number,
  onlySecond: number,
  rows: number,
  confidence: number,
): Interval {
  if (!(rows > 0 && onlyFirst >= 0 && onlySecond >= 0 && onlyFirst + onlySecond <= rows)) {
    throw new RangeError(`onlyFirst, onlySecond: ${onlyFirst} and ${onlySecond} do not fit into ${rows} rows`);
  }
  const z = twoSidedQuantile(confidence);
  return {
    low: -upperLimit(onlySecond, onlyFirst, rows, z),
    high: upperLimit(onlyFirst, onlySecond, rows, z),
  };
}

function twoSidedQuantile(confidence: number): number {
  if (!(confidence > 0 && confidence < 1)) throw new RangeError(`confidence: ${confidence} is not between 0 and 1`);
  return normalQuantile((1 + confidence) / 2);
}

/** The largest difference that the score test does not reject, found by bisection down to neighbouring doubles. */
function upperLimit(onlyFirst: number, onlySecond: number, rows: number, z: number): number {
  let inside = (onlyFirst - onlySecond) / rows;
  let outside = 1;
  for (;;) {
    const middle = (inside + outside) / 2;
    if (middle <= inside || middle >= outside) return middle;
    const distance = rows * middle - (onlyFirst - onlySecond);
    if (distance >= z * scoreDeviation(onlyFirst, onlySecond, rows, middle)) outside = middle;
    else inside = middle;
  }
}

/** Standard deviation of onlyFirst - onlySecond if the true difference of the shares is the given one, with the share of
 *  onlySecond at its maximum likelihood under that difference (the larger root of Tango's quadratic). */
function scoreDeviation(onlyFirst: number, onlySecond: number, rows: number, difference: number): number {
  const a = 2 * rows;
  const b = (2 * rows - onlyFirst + onlySecond) * difference - onlyFirst - onlySecond;
  const c = -onlySecond * difference * (1 - difference);
  const root = Math.sqrt(Math.max(0, b * b - 4 * a * c));
  // Of the two forms of the same root, the one that does not subtract nearly equal numbers.
  const secondShare = b > 0 ? (-2 * c) / (b + root) : (root - b) / (2 * a);
  return Math.sqrt(Math.max(0, rows * (2 * secondShare + difference * (1 - difference))));
}
