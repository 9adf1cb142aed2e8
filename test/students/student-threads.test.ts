/** How a student's texts are divided into messages to its threads. */
import { batchesOf } from '../../src/students/student-threads.js';

describe('the messages of many texts', () => {
  const texts = Array.from({ length: 1000 }, (_, i) => 'x'.repeat(20 + ((i * 37) % 200)));
  const batches = batchesOf(texts, 2);
  const characters = (rows: readonly number[]) => rows.reduce((sum, row) => sum + texts[row]!.length, 0);

  it('hold each text once, the longest first', () => {
    expect(batches.flat().toSorted((a, b) => a - b)).toEqual([...texts.keys()]);
    const lengths = batches.flat().map((row) => texts[row]!.length);
    expect(lengths).toEqual(lengths.toSorted((a, b) => b - a));
  });

  it('are large at first and small at the end, so that the threads end together', () => {
    expect(characters(batches[0]!)).toBeGreaterThan(3500);
    expect(characters(batches.at(-1)!)).toBeLessThan(600);
    expect(Math.max(...batches.map(characters))).toBeLessThanOrEqual(4096);
    expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(64);
  });

  it('hold a text that is longer than a message alone, and empty texts by the dozen', () => {
    expect(batchesOf(['x'.repeat(10_000), 'short'], 2)).toEqual([[0], [1]]);
    expect(batchesOf(Array(130).fill(''), 2).map(({ length }) => length)).toEqual([64, 64, 2]);
    expect(batchesOf([], 2)).toEqual([]);
  });
});
