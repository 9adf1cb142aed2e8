/** Which texts a seeded sample draws: those with the smallest hashes, whatever order the file has. */
import { createHash } from 'node:crypto';
import { type SortOptions, sortRecords } from './external-sort.js';

/** A text that may be drawn: its group (stratum) and its place in the seeded order. */
export interface Candidate {
  group: number;
  hash: string;
}

/** SHA-256 hex of "seed:purpose:key". */
export function seededHash(seed: number, purpose: string, key: string): string {
  return createHash('sha256').update(`${seed}:${purpose}:${key}`).digest('hex');
}

/** Shares n among groups of the given sizes in proportion, by largest remainder (ties: the earlier group). No group
 *  gets more than its size; each that is not empty gets at least one while n allows, the largest first. */
export function allocate(n: number, sizes: readonly number[]): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (n >= total) return [...sizes];
  const exact = sizes.map((size) => (n * size) / total);
  const given = exact.map(Math.floor);
  const order = (score: (group: number) => number) => [...sizes.keys()].sort((a, b) => score(b) - score(a) || a - b);
  const left = n - given.reduce((sum, count) => sum + count, 0);
  for (const group of order((index) => exact[index]! - given[index]!).slice(0, left)) given[group]!++;
  for (const group of order((index) => sizes[index]!)) {
    if (sizes[group] === 0 || given[group]! > 0) continue;
    // From the group that is furthest above its exact share.
    const donor = order((index) => (given[index]! > 1 ? given[index]! - exact[index]! : Number.NEGATIVE_INFINITY))[0]!;
    if (given[donor]! <= 1) break;
    given[donor]!--;
    given[group]!++;
  }
  return given;
}

/** For each group the largest hash that is drawn when it gets its quota of the smallest; a group without one gets ''. */
export async function drawLimits(
  candidates: AsyncIterable<Candidate>,
  quotas: readonly number[],
  options: SortOptions,
): Promise<string[]> {
  const limits = quotas.map(() => '');
  const drawn = quotas.map(() => 0);
  const inOrder = ({ group, hash }: Candidate) => `${String(group).padStart(10, '0')}${hash}`;
  for await (const { group, hash } of sortRecords(candidates, inOrder, options)) {
    if (drawn[group]! >= quotas[group]!) continue;
    drawn[group]!++;
    limits[group] = hash;
  }
  return limits;
}
