/** Calibration figures, worked out by hand. */
import { agreement, bestTemperature, calibrationError, logLoss } from '../../../src/students/encoder/calibration.js';

/** Four rows that say 0 with probability 0.9; three are right. */
const overconfident = {
  logits: Array.from({ length: 4 }, () => [Math.log(9), 0]),
  targets: [
    [1, 0],
    [1, 0],
    [1, 0],
    [0, 1],
  ],
};

describe('calibration', () => {
  it('tells the difference of confidence and right answers: 0.9 − 0.75', () => {
    expect(agreement(overconfident)).toBe(0.75);
    expect(calibrationError(overconfident)).toBeCloseTo(0.15, 10);
  });

  it('weighs bins by their rows: (2 · 0.4 + 2 · 0.2) / 4', () => {
    const logits = [
      [Math.log(9), 0],
      [Math.log(9), 0],
      [Math.log(4), 0],
      [Math.log(4), 0],
    ];
    const targets = [
      [1, 0],
      [0, 1],
      [1, 0],
      [1, 0],
    ];
    expect(calibrationError({ logits, targets })).toBeCloseTo(0.3, 10);
  });

  it('finds the temperature at which the confidence is the share of right answers: ln 9 / T = ln 3', () => {
    const many = {
      logits: Array.from({ length: 10_000 }, () => overconfident.logits).flat(),
      targets: Array.from({ length: 10_000 }, () => overconfident.targets).flat(),
    };
    const temperature = bestTemperature(many);
    expect(temperature).toBeCloseTo(2, 3);
    expect(calibrationError(many, temperature)).toBeCloseTo(0, 3);
    expect(logLoss(many, temperature)).toBeLessThan(logLoss(many));
  });

  it('is not surer than a few rows can tell that are all right: of four, 1 / 6 of each target goes to both labels', () => {
    const right = { logits: overconfident.logits, targets: overconfident.logits.map(() => [1, 0]) };
    // Confidence 5 / 6 + 1 / 12, so ln 9 / T = ln 11.
    expect(bestTemperature(right)).toBeCloseTo(Math.log(9) / Math.log(11), 3);
  });

  it('counts the log loss in nats: −(3 ln 0.9 + ln 0.1) / 4', () => {
    expect(logLoss(overconfident)).toBeCloseTo(-(3 * Math.log(0.9) + Math.log(0.1)) / 4, 10);
  });
});
