/** How values of options are read. */
import { InvalidArgumentError } from 'commander';

/** For options that may be given several times; their default is []. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

/** 0: any. */
export function portNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('It must be a port: 0 (any) to 65535.');
}
