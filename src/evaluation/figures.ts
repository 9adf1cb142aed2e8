/** How figures are written for people: differences as points, intervals, p-values and money. */
import type { Interval } from '../contracts/index.js';

/** 0.013 is "1.3": a difference of shares, in percentage points. */
export function inPoints(difference: number): string {
  const written = (difference * 100).toFixed(1);
  return written === '-0.0' ? '0.0' : written;
}

/** "89.0 to 94.3": the bounds in per cent, or in points where the interval is one of a difference. */
export function range(interval: Interval): string {
  return `${inPoints(interval.low)} to ${inPoints(interval.high)}`;
}

/** 0.95 is "95 %". */
export function confidenceLevel(confidence: number): string {
  return `${Number((confidence * 100).toFixed(2))} %`;
}

/** "0.853 (95 % interval 0.832 to 0.872)": Krippendorff's alpha. */
export function alphaInWords(alpha: number, { confidence, high, low }: Interval & { confidence: number }): string {
  return `${alpha.toFixed(3)} (${confidenceLevel(confidence)} interval ${low.toFixed(3)} to ${high.toFixed(3)})`;
}

/** "p = 0.42", "p = 0.013", "p < 0.001". */
export function pValue(p: number): string {
  if (p < 0.001) return 'p < 0.001';
  return `p = ${p.toFixed(p < 0.1 ? 3 : 2)}`;
}

/** Micro-dollars as "$1.23"; small sums keep two significant digits. */
export function dollars(micros: number): string {
  const usd = micros / 1e6;
  return usd > 0 && usd < 0.1 ? `$${Number(usd.toPrecision(2))}` : `$${usd.toFixed(2)}`;
}
