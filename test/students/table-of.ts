/** Makes tables of counts by hand. */
import { CountTable } from '../../src/students/count-table.js';

/** A table over 8 buckets; each row lists its buckets, a bucket as often as it counts. */
export function tableOf(rows: number[][]): CountTable {
  const table = new CountTable({ unit: 'word', lengths: [1, 1], buckets: 8 });
  for (const row of rows) {
    const buckets = [...new Set(row)];
    const counts = buckets.map((bucket) => row.filter((other) => other === bucket).length);
    table.append({ buckets: Int32Array.from(buckets), counts: Float32Array.from(counts) });
  }
  return table;
}
