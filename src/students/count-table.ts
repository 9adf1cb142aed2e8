/** N-grams counted once, for all fits. */
import type { BucketCounts, NgramBlock } from './ngrams.js';

/** The counted n-grams of one block, a row a text. */
export class CountTable {
  private rowStarts = [0];
  private buckets = new Int32Array(4096);
  private counts = new Float32Array(4096);

  constructor(readonly block: NgramBlock) {}

  append(row: BucketCounts): void {
    const start = this.rowStarts.at(-1)!;
    const end = start + row.buckets.length;
    if (end > this.buckets.length) {
      const size = Math.max(end, Math.ceil(this.buckets.length * GROWTH));
      const [buckets, counts] = [this.buckets, this.counts];
      this.buckets = new Int32Array(size);
      this.buckets.set(buckets);
      this.counts = new Float32Array(size);
      this.counts.set(counts);
    }
    this.buckets.set(row.buckets, start);
    this.counts.set(row.counts, start);
    this.rowStarts.push(end);
  }

  /** Views of one row. */
  row(index: number): BucketCounts {
    const [start, end] = [this.rowStarts[index]!, this.rowStarts[index + 1]!];
    return { buckets: this.buckets.subarray(start, end), counts: this.counts.subarray(start, end) };
  }
}

const GROWTH = 1.5;
