/** Batches: every row once, similar lengths together, padding on the right. */
import { epochBatches, padBatch, sortedBatches, tokenBatches } from '../../../src/students/encoder/batches.js';
import { DropoutPool } from '../../../src/students/encoder/dropout-pool.js';
import { randomNumbers } from '../../../src/students/encoder/random.js';

describe('padBatch', () => {
  it('pads on the right to the longest text and masks the padding', () => {
    const { input_ids, attention_mask } = padBatch([[5, 6, 7], [8]]);
    expect(input_ids.dims).toEqual([2, 3]);
    expect([...input_ids.data]).toEqual([5n, 6n, 7n, 8n, 0n, 0n]);
    expect([...attention_mask.data]).toEqual([1n, 1n, 1n, 1n, 0n, 0n]);
  });
});

describe('batches', () => {
  const random = randomNumbers('lengths');
  const lengths = Array.from({ length: 1000 }, () => 5 + Math.floor(random() * 60));
  const padded = (batches: number[][]) =>
    batches.reduce((sum, rows) => sum + rows.length * Math.max(...rows.map((row) => lengths[row]!)), 0);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);

  it('of an epoch have every row once and little padding, in another order each epoch', () => {
    const first = epochBatches(lengths, 16, randomNumbers(1, 1));
    expect(first.flat().toSorted((a, b) => a - b)).toEqual([...lengths.keys()]);
    expect(padded(first) / tokens).toBeLessThan(1.1);
    expect(epochBatches(lengths, 16, randomNumbers(1, 1))).toEqual(first);
    expect(epochBatches(lengths, 16, randomNumbers(1, 2))).not.toEqual(first);
  });

  it('in the order of their lengths begin with the shortest', () => {
    expect(sortedBatches([4, 2, 9, 1, 3], 2)).toEqual([[3, 1], [4, 0], [2]]);
  });

  it('with as many texts as their tokens allow begin with the longest, which is alone if it is too long', () => {
    expect(tokenBatches([4, 2, 9, 1, 3], 8)).toEqual([[2], [0, 4], [1, 3]]);
    expect(tokenBatches([], 8)).toEqual([]);
  });
});

describe('dropout masks', () => {
  it('drop the given share and scale the rest, so that the mean stays 1', () => {
    const pool = new DropoutPool(0.2, 1000, 7);
    const mask = pool.mask(100_000, randomNumbers('mask'));
    expect(new Set(mask)).toEqual(new Set([0, 1.25]));
    const mean = mask.reduce((sum, value) => sum + value, 0) / mask.length;
    expect(mean).toBeCloseTo(1, 2);
  });
});
