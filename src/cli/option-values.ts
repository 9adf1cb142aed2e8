/** How values of options are read. */
import { InvalidArgumentError, Option } from 'commander';
import { PersonName } from '../contracts/index.js';
import { UsageError } from '../temporal/index.js';

/** An option that may be given several times; its value is a list. */
export function repeated(flags: string, description: string): Option {
  return new Option(flags, description)
    .argParser((value: string, before: readonly string[]) => [...before, value])
    .default([], 'none');
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

/** 0 or more. */
export function amount(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It must be a number, 0 or more.');
  return value;
}

/** From 0 to 1. */
export function share(text: string): number {
  const value = amount(text);
  if (value > 1) throw new InvalidArgumentError('It must be a number from 0 to 1.');
  return value;
}

/** As it is written beside decisions: without spaces around it. */
export function personName(text: string): string {
  const { data, success } = PersonName.safeParse(text);
  if (!success) throw new InvalidArgumentError('It must be the name of who decides. At most 200 characters.');
  return data;
}

/** 0: any. */
export function portNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('It must be a port: 0 (any) to 65535.');
}

/** Names with commas between, as in a line of CSV: one that has a comma itself stands in double quotes. Throws UsageError. */
export async function namesOf(option: string, line: string): Promise<string[]> {
  // Loaded here: commands start sooner.
  const { parse } = await import('csv-parse/sync');
  try {
    return parse(line, { trim: true })
      .flat()
      .filter((name) => name !== '');
  } catch (error) {
    throw new UsageError(
      `${option} ${line}: ${(error as Error).message}`,
      `Put commas between the names, and a name that has commas or quotes in double quotes: ${option} '"mixed, unclear",neutral'`,
    );
  }
}
