/** The recipe's arithmetic, worked out by hand. */
import { addToAverage, smoothed, weightsAveraged } from '../../../src/students/encoder/recipe.js';

describe('smoothed', () => {
  it('spreads a tenth of a target over the labels', () => {
    const [first, second, third, fourth] = smoothed([1, 0, 0, 0]);
    expect(first).toBeCloseTo(0.925, 10);
    expect([second, third, fourth]).toEqual([0.025, 0.025, 0.025]);
  });

  it('leaves a target that sums to its weight with that sum', () => {
    const sum = smoothed([0.5, 1.5]).reduce((total, share) => total + share, 0);
    expect(sum).toBeCloseTo(2, 10);
  });
});

describe('weightsAveraged', () => {
  it.each([
    [10, 0],
    [11, 0],
    [12, 1],
    [15, 1],
    [20, 3],
  ])('after step %d of 20 is %d', (step, count) => expect(weightsAveraged(step, 20)).toBe(count));
});

describe('addToAverage', () => {
  it('holds the mean of the weights after every fourth step of the second half', () => {
    const average = new Map([['w', Float32Array.of(9)]]);
    for (let step = 1; step <= 20; step++) addToAverage(average, new Map([['w', Float32Array.of(step)]]), step, 20);
    // Steps 12, 16 and 20; what stood there before counts for nothing.
    expect([...average.get('w')!]).toEqual([16]);
  });
});
