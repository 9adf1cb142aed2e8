import { type CurveTraining, curveChart, curveMarkdown, learningCurve } from '../../src/evaluation/index.js';

const ROWS = 1000;

/** Wrong on this many of the rows, spread over them. */
function training(examples: number, wrong: number): CurveTraining {
  return { examples, right: Array.from({ length: ROWS }, (_, row) => (row * 7919) % ROWS >= wrong) };
}

const through = (trainings: CurveTraining[], more = 1000) =>
  learningCurve({ trainings, more, confidence: 0.95, seed: 1 });

describe('learningCurve', () => {
  it('finds the power law that the points lie on, and follows it', () => {
    // error(n) = 0.05 + 4 / n
    const curve = through([training(40, 150), training(80, 100), training(160, 75), training(400, 60)], 400);
    expect(curve.fit.floor).toBeCloseTo(0.05, 10);
    expect(curve.fit.exponent).toBeCloseTo(1, 10);
    expect(curve.fit.scale).toBeCloseTo(4, 10);
    // 4 / 400 - 4 / 800
    expect(curve.gain).toBeCloseTo(0.005, 10);
    expect(curve.points.map(({ agreement }) => agreement)).toEqual([0.85, 0.9, 0.925, 0.94]);
  });

  it('has an interval that holds the gain, and is narrower on more rows', () => {
    const trainings = [training(50, 300), training(100, 250), training(200, 205), training(400, 170)];
    const { gain, gainInterval } = through(trainings);
    expect(gainInterval.low).toBeLessThanOrEqual(gain);
    expect(gainInterval.high).toBeGreaterThanOrEqual(gain);
    const few = through(trainings.map(({ examples, right }) => ({ examples, right: right.slice(0, 100) })));
    expect(few.gainInterval.high - few.gainInterval.low).toBeGreaterThan(gainInterval.high - gainInterval.low);
  });

  it('promises nothing where more labels brought nothing, and never a loss', () => {
    const flat = through([training(100, 100), training(200, 100), training(400, 100)]);
    expect(flat.gain).toBe(0);
    expect(through([training(100, 90), training(200, 100), training(400, 110)]).gain).toBe(0);
    expect(curveMarkdown(flat)).toContain('**No: 1000 more labels would bring about 0.0 points');
  });

  it('takes the mean of several trainings on as many labels', () => {
    const { points } = through([training(100, 200), training(100, 100), training(200, 100)]);
    expect(points).toEqual([
      { examples: 100, trainings: 2, agreement: 0.85 },
      { examples: 200, trainings: 1, agreement: 0.9 },
    ]);
  });

  it('is the same for the same seed, and needs two sizes', () => {
    const trainings = [training(50, 300), training(100, 250), training(400, 170)];
    expect(through(trainings)).toEqual(through(trainings));
    expect(() => through([training(50, 300)])).toThrow(RangeError);
  });

  it('is drawn with its points and its forecast inside the picture', () => {
    const picture = curveChart(through([training(50, 300), training(100, 250), training(400, 170)]));
    expect(picture.match(/<circle/g)).toHaveLength(3);
    expect(picture).toContain('stroke-dasharray');
    // 400 labels and 1,000 more.
    const named = [...picture.matchAll(/text-anchor="middle">(\d+)</g)].map(([, label]) => label);
    expect(named).toEqual(['0', '500', '1000']);
    for (const [, x, y] of picture.matchAll(/([\d.-]+),([\d.-]+)(?= |")/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(60);
      expect(Number(x)).toBeLessThanOrEqual(610.1);
      expect(Number(y)).toBeGreaterThanOrEqual(24);
      expect(Number(y)).toBeLessThanOrEqual(280);
    }
  });
});
