/** N-grams counted once, for all fits. */
import type { BucketCounts, NgramBlock } from './ngrams.js';

/** One text's n-grams: places in `occurring`, each once, and how often each occurs. */
export interface CountedRow {
  readonly places: Int32Array;
  readonly counts: Float32Array;
}

/** The counted n-grams of one block, a row a text. All rows are appended before the first is read. */
export class CountTable {
  private rowStarts = [0];
  /** Buckets while rows are appended, places in `occurring` from then on: fits cost what occurs, not what could. */
  private entries = new Int32Array(4096);
  private counts = new Float32Array(4096);
  private found: Uint32Array | null = null;

  constructor(readonly block: NgramBlock) {}

  append(row: BucketCounts): void {
    if (this.found !== null) throw new RangeError('the rows of the table have been read already');
    const start = this.rowStarts.at(-1)!;
    const end = start + row.buckets.length;
    if (end > this.entries.length) {
      const size = Math.max(end, Math.ceil(this.entries.length * GROWTH));
      const [entries, counts] = [this.entries, this.counts];
      this.entries = new Int32Array(size);
      this.entries.set(entries);
      this.counts = new Float32Array(size);
      this.counts.set(counts);
    }
    this.entries.set(row.buckets, start);
    this.counts.set(row.counts, start);
    this.rowStarts.push(end);
  }

  /** The buckets of all rows, ascending. */
  get occurring(): Uint32Array {
    this.found ??= this.numberBuckets();
    return this.found;
  }

  /** Views of one row. */
  row(index: number): CountedRow {
    this.found ??= this.numberBuckets();
    const [start, end] = [this.rowStarts[index]!, this.rowStarts[index + 1]!];
    return { places: this.entries.subarray(start, end), counts: this.counts.subarray(start, end) };
  }

  private numberBuckets(): Uint32Array {
    const entries = this.entries.subarray(0, this.rowStarts.at(-1)!);
    const placeOf = new Int32Array(this.block.buckets);
    for (const bucket of entries) placeOf[bucket] = 1;
    let size = 0;
    for (let bucket = 0; bucket < placeOf.length; bucket++) if (placeOf[bucket] === 1) placeOf[bucket] = size++;
    const occurring = new Uint32Array(size);
    for (const bucket of entries) occurring[placeOf[bucket]!] = bucket;
    for (let entry = 0; entry < entries.length; entry++) entries[entry] = placeOf[entries[entry]!]!;
    return occurring;
  }
}

const GROWTH = 1.5;
