/** How values of options are read. */
import { InvalidArgumentError } from 'commander';
import { SetupError } from '../temporal/index.js';

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

/** Names with commas between, as in a line of CSV: one that has a comma itself stands in double quotes. Throws SetupError. */
export async function namesOf(option: string, line: string): Promise<string[]> {
  // Loaded here: commands start sooner.
  const { parse } = await import('csv-parse/sync');
  try {
    return parse(line, { trim: true })
      .flat()
      .filter((name) => name !== '');
  } catch (error) {
    throw new SetupError(
      `${option} ${line}: ${(error as Error).message}`,
      `Put commas between the names, and a name that has commas or quotes in double quotes: ${option} '"mixed, unclear",neutral'`,
    );
  }
}
