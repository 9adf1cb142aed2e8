import { ConfidentThresholds, confidentLabel, likeliestOther } from '../../src/review/confident-learning.js';
import oracle from './fixtures/confident-learning.json' with { type: 'json' };

describe('confident learning', () => {
  it.each(oracle.cases)('has the thresholds and names the labels as cleanlab does ($labels labels)', (example) => {
    const thresholds = new ConfidentThresholds(example.labels);
    for (const [row, label] of example.given.entries()) thresholds.add(label, example.probabilities[row]!);
    const values = thresholds.values();
    for (const [label, value] of values.entries()) expect(value).toBeCloseTo(example.thresholds[label]!, 6);

    const joint = example.joint.map((counts) => counts.map(() => 0));
    for (const [row, label] of example.given.entries()) {
      const named = confidentLabel(example.probabilities[row]!, values);
      if (named !== null) joint[label]![named]!++;
    }
    expect(joint).toEqual(example.joint);
  });

  it('names no label whose threshold nothing reaches', () => {
    expect(confidentLabel([0.5, 0.5], [0.9, 0.6])).toBeNull();
    expect(confidentLabel([0.5, 0.5], [0.9, 0.4])).toBe(1);
  });

  it('sets the bar of a label without texts at certainty', () => {
    const thresholds = new ConfidentThresholds(2);
    thresholds.add(0, [0.8, 0.2]);
    expect(thresholds.values()).toEqual([0.8, 1]);
  });
});

describe('likeliestOther', () => {
  it('leaves the label itself out', () => {
    expect(likeliestOther([0.7, 0.1, 0.2], 0)).toBe(2);
    expect(likeliestOther([0.7, 0.1, 0.2], 2)).toBe(0);
  });
});
