/** Random numbers that depend on nothing but a seed and what they are for, so that a resumed training needs no state of
 *  a generator: it draws the same for the same step. */
import { createHash } from 'node:crypto';

/** Gives uniform numbers from 0 (included) to 1 (excluded): mulberry32, seeded by the hash of all parts. */
export function randomNumbers(...parts: readonly (string | number)[]): () => number {
  let state = createHash('sha256').update(parts.join('\0')).digest().readUInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** In place, by Fisher and Yates. */
export function shuffle<T>(items: T[], random: () => number): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
