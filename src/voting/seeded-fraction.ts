/** Pseudo-random numbers that depend on what they are for, never on when they are drawn. */

/**
 * A number in [0, 1) with 53 random-looking bits, the same for the same seed and parts on every machine and version.
 * Two 32-bit FNV-1a hashes (Fowler, Noll, Vo; draft-eastlake-fnv) with different starts run over each part's length and
 * UTF-16 code units, so ('ab', 'c') and ('a', 'bc') differ; MurmurHash3's finaliser (Appleby) spreads their bits.
 * Not for secrets. Say first what the number is for ('tie', 'sample'), so that draws about one text are independent.
 * Seed: an integer, taken modulo 2^32.
 */
export function seededFraction(seed: number, ...parts: string[]): number {
  let high = 0x811c9dc5 ^ finalised(seed);
  let low = 0x050c5d1f ^ finalised(~seed);
  const absorb = (value: number) => {
    high = Math.imul(high ^ value, 0x01000193);
    low = Math.imul(low ^ value, 0x85ebca6b);
  };
  for (const part of parts) {
    absorb(part.length);
    for (let index = 0; index < part.length; index++) absorb(part.charCodeAt(index));
  }
  const top21 = finalised(high) >>> 11;
  return (top21 * 2 ** 32 + (finalised(low) >>> 0)) / 2 ** 53;
}

function finalised(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
