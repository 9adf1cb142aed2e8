/** Which label a value in a file means. */
import type { Label } from '../contracts/index.js';

/** Gives the name of the label that a value means: by name or alias, whatever the case and the space around it; numbers
 *  count as their digits. undefined: none of them. */
export function labelMatcher(labels: readonly Label[]): (value: unknown) => string | undefined {
  const names = new Map<string, string>();
  for (const { name, aliases } of labels) {
    for (const spelling of [name, ...aliases]) names.set(fold(spelling), name);
  }
  return (value) => {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
    return names.get(fold(String(value)));
  };
}

/** labelMatcher for a single value. */
export function matchLabel(value: unknown, labels: readonly Label[]): string | undefined {
  return labelMatcher(labels)(value);
}

function fold(spelling: string): string {
  return spelling.trim().toLowerCase();
}
