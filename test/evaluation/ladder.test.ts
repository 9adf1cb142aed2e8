import { chooseStep, ladderChart, ladderMarkdown, type TrainedStep } from '../../src/evaluation/index.js';

const ROWS = 100;
const truth = Array.from({ length: ROWS }, (_, row) => (row % 2 === 0 ? 'good' : 'bad'));

/** Wrong on its first rows. */
function step(name: string, index: number, wrong: number, textsPerSecond = 100): TrainedStep {
  const predicted = truth.map((label, row) => (row < wrong ? (label === 'good' ? 'bad' : 'good') : label));
  return { name, step: index, predicted, modelBytes: 1e6, textsPerSecond, trainSeconds: 1 };
}

function choose(steps: TrainedStep[], margin = 0.01) {
  return chooseStep({ steps, truth, labels: ['good', 'bad'], margin, confidence: 0.95, folds: 0, refused: [] });
}

describe('chooseStep', () => {
  it('takes the first step that loses at most the margin to the best', () => {
    const steps = [step('linear', 0, 10), step('frozen', 1, 6), step('fine-tuned', 2, 5)];
    expect(choose(steps).chosen).toBe('frozen');
    expect(choose(steps, 0.05).chosen).toBe('linear');
    expect(choose(steps, 0).chosen).toBe('fine-tuned');
    expect(choose(steps).best).toBe('fine-tuned');
  });

  it('takes the cheaper of equals', () => {
    expect(choose([step('linear', 0, 5), step('fine-tuned', 1, 5)], 0).chosen).toBe('linear');
  });

  it('lets the best of a step stand for it, be it not the first that is good enough', () => {
    const steps = [step('linear', 0, 20), step('slow rate', 1, 6), step('fast rate', 1, 5)];
    expect(choose(steps, 0.02).chosen).toBe('fast rate');
  });

  it('tells the loss to the best of each, with its interval', () => {
    const { steps } = choose([step('linear', 0, 10), step('fine-tuned', 1, 5)]);
    expect(steps[0]).toMatchObject({ agreement: 0.9, lossToBest: expect.closeTo(0.05, 12) });
    expect(steps[0]?.lossInterval.low).toBeGreaterThan(0);
    expect(steps[0]?.lossInterval.high).toBeLessThan(0.12);
    expect(steps[1]?.lossToBest).toBe(0);
    expect(steps[0]).not.toHaveProperty('predicted');
  });
});

describe('the report of the ladder', () => {
  const report = choose([step('lin<ear', 0, 10, 2000), step('frozen', 1, 6, 200), step('fine-tuned', 2, 5, 90)]);

  it('says what was taken and why', () => {
    const shown = ladderMarkdown(report);
    expect(shown).toContain(
      '**The student is frozen**: it loses 1.0 points to the best (fine-tuned), and the margin is 1.0.',
    );
    expect(shown).toContain('| **frozen** | 94.0 % |');
    const licensed = { ...report.steps[1]!, encoderLicence: 'apache-2.0' };
    const unnamed = { ...report.steps[2]!, encoderLicence: null };
    const [, , , , , , linear, frozen, tuned] = ladderMarkdown({
      ...report,
      steps: [report.steps[0]!, licensed, unnamed],
    }).split('\n');
    expect(linear).toMatch(/ \| {2}\|$/);
    expect(frozen).toMatch(/ \| apache-2.0 \|$/);
    expect(tuned).toMatch(/ \| not named \|$/);
    expect(ladderMarkdown({ ...report, refused: [{ name: 'large', reason: 'no memory' }] })).toContain(
      'Not trained: large (no memory).',
    );
  });

  it('is a picture in which every name is escaped, and every point inside', () => {
    const picture = ladderChart(report);
    expect(picture).toContain('lin&#60;ear, 90.0 %');
    expect(picture).toContain('frozen, 94.0 % (chosen)');
    const circles = picture.matchAll(/<circle cx="([\d.-]+)" cy="([\d.-]+)"/g);
    const points = [...circles].map(([, x, y]) => [Number(x), Number(y)]);
    expect(points).toHaveLength(3);
    for (const [x = 0, y = 0] of points) {
      expect(x).toBeGreaterThan(70);
      expect(x).toBeLessThan(610);
      expect(y).toBeGreaterThan(30);
      expect(y).toBeLessThan(300);
    }
    // Faster is further right, better is higher.
    expect(points[0]?.[0]).toBeGreaterThan(points[2]?.[0] ?? 0);
    expect(points[0]?.[1]).toBeGreaterThan(points[2]?.[1] ?? 0);
  });
});
