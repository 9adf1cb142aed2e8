/** The optimiser's arithmetic, worked out by hand. */
import { AdamW, learningRateAt } from '../../../src/students/encoder/adamw.js';

const bias = (name: string, length = 1) => ({ name, length, decays: false });

describe('AdamW.update', () => {
  it('moves a value by the learning rate at the first step, and shrinks it by 1 % of that where it decays', () => {
    const optimiser = new AdamW([{ name: 'weight', length: 1, decays: true }, bias('bias')]);
    optimiser.values.get('weight')![0] = 1;
    optimiser.values.get('bias')![0] = 1;
    optimiser.gradients.get('weight')![0] = 0.5;
    optimiser.gradients.get('bias')![0] = -0.5;
    optimiser.update(1, 0.1);
    // 1 · (1 − 0.1 · 0.01) − 0.1, and 1 + 0.1.
    expect(optimiser.values.get('weight')![0]).toBeCloseTo(0.899, 6);
    expect(optimiser.values.get('bias')![0]).toBeCloseTo(1.1, 6);
  });

  it('divides by the root of the mean square after later steps', () => {
    const optimiser = new AdamW([bias('bias')]);
    const gradient = optimiser.gradients.get('bias')!;
    gradient[0] = 0.5;
    optimiser.update(1, 0);
    gradient[0] = -0.25;
    optimiser.update(2, 1);
    // Mean (0.9 · 0.05 − 0.025) / (1 − 0.81), mean square (0.999 · 0.00025 + 0.0000625) / (1 − 0.998001).
    const expected = -(0.02 / 0.19) / Math.sqrt(0.00031225 / 0.001999);
    expect(optimiser.values.get('bias')![0]).toBeCloseTo(expected, 5);
  });

  it('clips gradients that are together longer than 1, and tells their length', () => {
    const optimiser = new AdamW([bias('one'), bias('other')]);
    optimiser.gradients.get('one')![0] = 3;
    optimiser.gradients.get('other')![0] = 4;
    expect(optimiser.update(1, 0)).toBeCloseTo(5, 6);
    expect(optimiser.first.get('one')![0]).toBeCloseTo(0.06, 5);
    expect(optimiser.first.get('other')![0]).toBeCloseTo(0.08, 5);
  });

  it('treats every value of a parameter alike, whatever its length, and none behind it', () => {
    const optimiser = new AdamW([bias('one', 7), bias('other', 5)]);
    optimiser.gradients.get('one')!.fill(0.1);
    optimiser.update(1, 0.5);
    for (const value of optimiser.values.get('one')!) expect(value).toBeCloseTo(-0.5, 5);
    expect([...optimiser.values.get('other')!]).toEqual([0, 0, 0, 0, 0]);
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
