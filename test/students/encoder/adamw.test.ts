/** The optimiser's arithmetic, worked out by hand. */
import { AdamW, learningRateAt } from '../../../src/students/encoder/adamw.js';

const parameter = (values: number[], gradient: number[], decays: boolean) => ({
  values: Float32Array.from(values),
  gradient: Float32Array.from(gradient),
  decays,
});

describe('AdamW.update', () => {
  it('moves a value by the learning rate at the first step, and shrinks it by 1 % of that where it decays', () => {
    const weight = parameter([1], [0.5], true);
    const bias = parameter([1], [-0.5], false);
    new AdamW([weight, bias]).update(1, 0.1);
    // 1 · (1 − 0.1 · 0.01) − 0.1, and 1 + 0.1.
    expect(weight.values[0]).toBeCloseTo(0.899, 6);
    expect(bias.values[0]).toBeCloseTo(1.1, 6);
  });

  it('divides by the root of the mean square after later steps', () => {
    const bias = parameter([0], [0.5], false);
    const optimiser = new AdamW([bias]);
    optimiser.update(1, 0);
    bias.gradient[0] = -0.25;
    optimiser.update(2, 1);
    // Mean (0.9 · 0.05 − 0.025) / (1 − 0.81), mean square (0.999 · 0.00025 + 0.0000625) / (1 − 0.998001).
    const expected = -(0.02 / 0.19) / Math.sqrt(0.00031225 / 0.001999);
    expect(bias.values[0]).toBeCloseTo(expected, 5);
  });

  it('clips gradients that are together longer than 1, and tells their length', () => {
    const [one, other] = [parameter([0], [3], false), parameter([0], [4], false)];
    const optimiser = new AdamW([one, other]);
    expect(optimiser.update(1, 0)).toBeCloseTo(5, 6);
    expect(optimiser.moments[0]!.first[0]).toBeCloseTo(0.06, 5);
    expect(optimiser.moments[1]!.first[0]).toBeCloseTo(0.08, 5);
  });
});

describe('learningRateAt', () => {
  it.each([
    [0, 0],
    [3, 0.5],
    [6, 1],
    [53, 0.5],
    [100, 0],
  ])('of 100 steps is at step %d %d of the peak', (step, share) => {
    expect(learningRateAt(step, 100, 2)).toBeCloseTo(2 * share, 10);
  });
});
