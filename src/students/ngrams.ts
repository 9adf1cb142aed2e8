/** Hashed n-grams: of words across a text, of characters inside words. */

/** One family of n-grams with buckets of its own. */
export interface NgramBlock {
  readonly unit: 'word' | 'char';
  /** Shortest and longest n-gram, in units. */
  readonly lengths: readonly [number, number];
  readonly buckets: number;
}

/** The buckets that a text's n-grams fall into, each once, in order of first occurrence. */
export interface BucketCounts {
  readonly buckets: Int32Array;
  readonly counts: Float32Array;
}

/** NFKC, so that full-width and ligature forms count as the plain ones, and lower case. */
export function normalise(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** Counts n-grams of texts as scikit-learn's TfidfVectorizer does by default: words are runs of two or more word
 *  characters; characters are those of " run " for each run between white space (char_wb), so punctuation counts there.
 *  Its arrays are used again at each call: copy what must live longer. */
export class NgramCounter {
  /** For each bucket, 1 + its place in `buckets` while a text is counted; 0 otherwise. */
  private readonly places: Int32Array;
  private buckets = new Int32Array(1024);
  private counts = new Float32Array(1024);
  private found = 0;
  private codePoints = new Int32Array(64);

  constructor(private readonly block: NgramBlock) {
    this.places = new Int32Array(block.buckets);
  }

  count(normalised: string): BucketCounts {
    for (let i = 0; i < this.found; i++) this.places[this.buckets[i]!] = 0;
    this.found = 0;
    if (this.block.unit === 'word') this.countWords(normalised.match(WORD) ?? []);
    else for (const run of normalised.match(RUN) ?? []) this.countCharacters(run);
    return { buckets: this.buckets.subarray(0, this.found), counts: this.counts.subarray(0, this.found) };
  }

  private countWords(words: readonly string[]): void {
    const [shortest, longest] = this.block.lengths;
    for (let start = 0; start < words.length; start++) {
      let hash = 0;
      let hashed = 0;
      for (let length = 1; length <= longest && start + length <= words.length; length++) {
        if (length > 1) {
          hash = mix(hash, SPACE);
          hashed++;
        }
        for (const character of words[start + length - 1]!) {
          hash = mix(hash, character.codePointAt(0)!);
          hashed++;
        }
        if (length >= shortest) this.add(finish(hash, hashed));
      }
    }
  }

  /** A padded run that is shorter than the shortest n-gram counts once as a whole. */
  private countCharacters(run: string): void {
    if (this.codePoints.length < run.length + 2) this.codePoints = new Int32Array(2 * (run.length + 2));
    let size = 0;
    this.codePoints[size++] = SPACE;
    for (const character of run) this.codePoints[size++] = character.codePointAt(0)!;
    this.codePoints[size++] = SPACE;
    const shortest = Math.min(this.block.lengths[0], size);
    const longest = this.block.lengths[1];
    for (let start = 0; start + shortest <= size; start++) {
      let hash = 0;
      for (let length = 1; length <= longest && start + length <= size; length++) {
        hash = mix(hash, this.codePoints[start + length - 1]!);
        if (length >= shortest) this.add(finish(hash, length));
      }
    }
  }

  private add(hash: number): void {
    const bucket = hash % this.block.buckets;
    const place = this.places[bucket]!;
    if (place > 0) {
      this.counts[place - 1] = this.counts[place - 1]! + 1;
      return;
    }
    if (this.found === this.buckets.length) {
      this.buckets = doubled(this.buckets, new Int32Array(2 * this.found));
      this.counts = doubled(this.counts, new Float32Array(2 * this.found));
    }
    this.buckets[this.found] = bucket;
    this.counts[this.found] = 1;
    this.places[bucket] = ++this.found;
  }
}

/** MurmurHash3_x86_32 with seed 0 of a sequence of 32-bit blocks: an n-gram's is that of its UTF-32LE bytes. 0 to 2³²−1. */
export function murmurHash(blocks: Iterable<number>): number {
  let hash = 0;
  let length = 0;
  for (const block of blocks) {
    hash = mix(hash, block);
    length++;
  }
  return finish(hash, length);
}

/** Marks belong to words, unlike in Python's \w: without them the words of many Indic scripts fall apart. */
const WORD = /[\p{L}\p{M}\p{N}_]{2,}/gu;
const RUN = /\P{White_Space}+/gu;
const SPACE = 32;

/** Takes one block into a hash; hashes of all prefixes of an n-gram come from one pass. */
function mix(hash: number, block: number): number {
  const scrambled = Math.imul(block, 0xcc9e2d51);
  const mixed = hash ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number, blocks: number): number {
  let mixed = hash ^ (4 * blocks);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function doubled<T extends Int32Array | Float32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
