/** What each text's target counts for in the loss: worked out by hand, and against PyTorch. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { logLoss } from '../../../src/students/encoder/calibration.js';
import { lossTargets } from '../../../src/students/encoder/loss-targets.js';

const LABELS = ['a', 'b'];

/** Targets without the smoothing, which takes a tenth of each and gives every label a twentieth. */
function weighted(targets: number[][], weights: number[], classWeights: Parameters<typeof lossTargets>[1]) {
  return lossTargets({ ids: [], targets, weights }, classWeights, LABELS);
}

describe('lossTargets', () => {
  const targets = [
    [1, 0],
    [1, 0],
    [1, 0],
    [0, 1],
  ];

  it('are the smoothed targets where nothing is weighted, whatever all weights are', () => {
    for (const weight of [1, 0.5]) {
      const [first, , , last] = weighted(
        targets,
        targets.map(() => weight),
        'none',
      );
      expect(first).toEqual([expect.closeTo(0.95), expect.closeTo(0.05)]);
      expect(last).toEqual([expect.closeTo(0.05), expect.closeTo(0.95)]);
    }
  });

  it('balanced give three texts of one label the weight of one text of the other', () => {
    // 4 / (2 · 3) and 4 / (2 · 1).
    const [first, , , last] = weighted(targets, [1, 1, 1, 1], 'balanced');
    expect(first).toEqual([expect.closeTo(0.95 * (2 / 3)), expect.closeTo(0.05 * 2)]);
    expect(last).toEqual([expect.closeTo(0.05 * (2 / 3)), expect.closeTo(0.95 * 2)]);
  });

  it('by hand leave the others at 1, labels that JavaScript has a word for too', () => {
    const set = { ids: [], targets: [[0, 1]], weights: [1] };
    expect(lossTargets(set, { a: 3 }, ['a', 'constructor'])).toEqual([[expect.closeTo(0.15), expect.closeTo(0.95)]]);
  });

  it('balanced leave a label without texts at 1', () => {
    expect(weighted([[1, 0]], [1], 'balanced')).toEqual([[expect.closeTo(0.95 / 2), expect.closeTo(0.05)]]);
  });

  it('by hand weigh the labels that are named, and the others 1', () => {
    expect(weighted([[0, 1]], [1], { b: 3 })).toEqual([[expect.closeTo(0.05), expect.closeTo(0.95 * 3)]]);
  });

  it('weigh texts next to each other: with 1 and 0.5 one counts 4/3 and the other 2/3', () => {
    const [first, second] = weighted(
      [
        [1, 0],
        [1, 0],
      ],
      [1, 0.5],
      'none',
    );
    expect(first![0]).toBeCloseTo((0.95 * 4) / 3);
    expect(second![0]).toBeCloseTo((0.95 * 2) / 3);
  });

  it("give PyTorch's loss of smoothed vote distributions with weighted labels and texts", () => {
    const file = join(__dirname, 'fixtures', 'weighted-loss.json');
    const {
      labels,
      logits,
      loss,
      classWeights,
      sampleWeights,
      targets: votes,
    } = JSON.parse(readFileSync(file, 'utf8'));
    const weights = Object.fromEntries(labels.map((label: string, index: number) => [label, classWeights[index]]));
    const encoded = { ids: [], targets: votes, weights: sampleWeights };
    expect(logLoss({ logits, targets: lossTargets(encoded, weights, labels) })).toBeCloseTo(loss, 6);
  });
});
