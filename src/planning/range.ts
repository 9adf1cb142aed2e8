/** From the least to the most that a figure may be. */
import type { Task } from '../contracts/index.js';
import { normalQuantile } from '../evaluation/index.js';
import type { Sample } from './survey.js';

export interface Range {
  readonly low: number;
  readonly high: number;
}

export const NOTHING: Range = { low: 0, high: 0 };

/** Normal interval of the mean, at the task's confidence. */
export function meanRange({ count, squares, sum: total }: Sample, task: Task): Range {
  const mean = total / count;
  const variance = count < 2 ? 0 : Math.max(0, squares - count * mean * mean) / (count - 1);
  const half = normalQuantile((1 + task.evaluation.confidence) / 2) * Math.sqrt(variance / count);
  return { low: Math.max(0, mean - half), high: mean + half };
}

export function exact(value: number): Range {
  return { low: value, high: value };
}

export function sum(ranges: readonly Range[]): Range {
  return ranges.reduce((a, b) => ({ low: a.low + b.low, high: a.high + b.high }), NOTHING);
}

export function times(factor: number, { low, high }: Range): Range {
  return { low: factor * low, high: factor * high };
}

export function product(a: Range, b: Range): Range {
  return { low: a.low * b.low, high: a.high * b.high };
}

export function inRange({ low, high }: Range, digits: number): string {
  const [from, to] = [low.toFixed(digits), high.toFixed(digits)];
  return from === to ? from : `${from} to ${to}`;
}
