/** Dropout masks (Srivastava et al. 2014) as views into one array of drawn numbers, which is cheaper than drawing each. */
import { randomNumbers } from './random.js';

/** Numbers of a pool at least; windows of it start anywhere, so two masks are hardly ever alike. */
const POOL_NUMBERS = 2 ** 22;

export class DropoutPool {
  private readonly numbers: Float32Array;

  constructor(
    private readonly rate: number,
    /** Length of the longest mask. */
    longest: number,
    seed: number,
  ) {
    const random = randomNumbers(seed, 'dropout', rate);
    this.numbers = new Float32Array(Math.max(POOL_NUMBERS, 2 * longest));
    for (let i = 0; i < this.numbers.length; i++) this.numbers[i] = random() < this.rate ? 0 : 1 / (1 - this.rate);
  }

  /** 0 where a value is dropped, else 1 / (1 − rate), which keeps the mean. A view: to be read, not written. */
  mask(length: number, random: () => number): Float32Array {
    const start = Math.floor(random() * (this.numbers.length - length));
    return this.numbers.subarray(start, start + length);
  }
}
