/** The recipe's arithmetic, worked out by hand. */
import { addToAverage, epochsOf, patienceOf, smoothed, weightsAveraged } from '../../../src/students/encoder/recipe.js';

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

describe('epochsOf', () => {
  it.each([
    [1231, 16, 4],
    [960, 16, 4],
    // 16 a step: 20 steps an epoch, 12 of which are 240.
    [308, 16, 12],
    [308, 8, 7],
    [30, 16, 20],
  ])('of %d examples, %d a step, are %d', (examples, batchSize, epochs) => {
    expect(epochsOf({ batchSize, epochs: null }, examples)).toBe(epochs);
  });

  it('are those of the settings where they say it', () => {
    expect(epochsOf({ batchSize: 16, epochs: 3 }, 30)).toBe(3);
  });
});

describe('patienceOf', () => {
  it('is half of the epochs, or what the settings say', () => {
    expect([4, 7, 1].map((epochs) => patienceOf({ patience: null }, epochs))).toEqual([2, 4, 1]);
    expect(patienceOf({ patience: 9 }, 4)).toBe(9);
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
