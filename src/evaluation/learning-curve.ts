/** Whether more labels would help: a curve through students that were trained on growing shares of the labels. */
import { type CurvePoint, counted, type LearningCurve, percent } from '../contracts/index.js';
import { confidenceLevel, inPoints } from './figures.js';
import { markdownTable } from './markdown-table.js';

/** One training: what it learned from, and on which of the held-out rows it was right. */
export interface CurveTraining {
  readonly examples: number;
  readonly right: readonly boolean[];
}

export interface CurveInput {
  /** All on the same held-out rows. */
  readonly trainings: readonly CurveTraining[];
  /** Labels that may be added. */
  readonly more: number;
  readonly confidence: number;
  readonly seed: number;
}

const RESAMPLES = 1000;
/** Exponents that learning curves of classifiers have, with room on both sides. */
const EXPONENTS = Array.from({ length: 30 }, (_, index) => 0.05 * (index + 1));

/** Fits error(n) = a + b n^(-c) with a, b at least 0 (Cortes et al. 1993, "Learning curves: asymptotic values and rate of
 *  convergence") to the mean error at each number of examples, by least squares over a grid of c. The interval of the gain is a
 *  percentile bootstrap over the held-out rows, the same rows for every training. Throws RangeError under two sizes. */
export function learningCurve({ trainings, more, confidence, seed }: CurveInput): LearningCurve {
  const sizes = [...new Set(trainings.map(({ examples }) => examples))].sort((a, b) => a - b);
  if (sizes.length < 2) throw new RangeError('a curve needs trainings on two numbers of examples');
  const rows = trainings[0]?.right.length ?? 0;
  const all = Array.from({ length: rows }, (_, row) => row);
  const wrong = sizes.map((size) => wrongOf(trainings.filter(({ examples }) => examples === size)));
  const errors = errorsAt(wrong, all);
  const now = sizes.at(-1) as number;
  const random = mulberry32(seed);
  const gains: number[] = [];
  for (let resample = 0; resample < RESAMPLES; resample++) {
    const drawn = all.map(() => Math.floor(random() * rows));
    gains.push(gainOf(fitPowerLaw(sizes, errorsAt(wrong, drawn)), now, more));
  }
  gains.sort((a, b) => a - b);
  const tail = (1 - confidence) / 2;
  const at = (share: number) => gains[Math.min(RESAMPLES - 1, Math.floor(share * RESAMPLES))] as number;
  const fit = fitPowerLaw(sizes, errors);
  return {
    rows,
    confidence,
    more,
    points: sizes.map(
      (examples, index): CurvePoint => ({
        examples,
        trainings: trainings.filter((training) => training.examples === examples).length,
        agreement: 1 - (errors[index] as number),
      }),
    ),
    fit,
    gain: gainOf(fit, now, more),
    gainInterval: { low: at(tail), high: at(1 - tail) },
  };
}

/** Trainings on one number of examples. */
interface Wrong {
  readonly trainings: number;
  /** How many of them were wrong about each row. */
  readonly perRow: Uint32Array;
}

function wrongOf(trainings: readonly CurveTraining[]): Wrong {
  const perRow = new Uint32Array(trainings[0]?.right.length ?? 0);
  for (const { right } of trainings) for (const [row, isRight] of right.entries()) if (!isRight) perRow[row]!++;
  return { trainings: trainings.length, perRow };
}

/** Of each size; counted once for all resamples, of which the rows of a large validation split make much work. */
function errorsAt(sizes: readonly Wrong[], rows: readonly number[]): number[] {
  return sizes.map(({ perRow, trainings }) => {
    let sum = 0;
    for (const row of rows) sum += perRow[row]!;
    return sum / (trainings * rows.length);
  });
}

function fitPowerLaw(sizes: readonly number[], errors: readonly number[]): LearningCurve['fit'] {
  let best = { floor: mean(errors), scale: 0, exponent: 1 };
  let least = Number.POSITIVE_INFINITY;
  for (const exponent of EXPONENTS) {
    const fit = fitLine(
      sizes.map((size) => size ** -exponent),
      errors,
    );
    const residual = errors.reduce(
      (sum, error, i) => sum + (error - fit.floor - fit.scale * (sizes[i] as number) ** -exponent) ** 2,
      0,
    );
    if (residual >= least) continue;
    least = residual;
    best = { ...fit, exponent };
  }
  return best;
}

/** Least squares of y = floor + scale x under floor, scale >= 0. */
function fitLine(x: readonly number[], y: readonly number[]): { floor: number; scale: number } {
  const [meanX, meanY] = [mean(x), mean(y)];
  const variance = x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
  const scale = x.reduce((sum, value, i) => sum + (value - meanX) * ((y[i] as number) - meanY), 0) / variance;
  if (scale <= 0) return { floor: meanY, scale: 0 };
  const floor = meanY - scale * meanX;
  if (floor >= 0) return { floor, scale };
  const through = x.reduce((sum, value, i) => sum + value * (y[i] as number), 0) / x.reduce((sum, v) => sum + v * v, 0);
  return { floor: 0, scale: through };
}

/** How much the error falls by so many labels more. */
function gainOf({ scale, exponent }: LearningCurve['fit'], now: number, more: number): number {
  return scale * (now ** -exponent - (now + more) ** -exponent);
}

/** The answer in a sentence, and the points. */
export function curveMarkdown(curve: LearningCurve): string {
  const { confidence, gain, gainInterval, more, points, rows } = curve;
  const interval = `${confidenceLevel(confidence)} interval ${inPoints(gainInterval.low)} to ${inPoints(gainInterval.high)}`;
  const about = `${counted(more, 'more label')} would bring about ${inPoints(gain)} points of agreement (${interval})`;
  return [
    `**${gainInterval.low >= WORTH ? 'Yes' : gainInterval.high < WORTH ? 'No' : 'Perhaps'}: ${about}.**`,
    `Agreement with the labels on the same ${counted(rows, 'held-out row')}; the forecast goes on with the curve, and holds if the new texts are like the old ones.`,
    markdownTable(
      ['labels learned from', 'agreement', 'trainings'],
      points.map(({ agreement, examples, trainings }) => [String(examples), percent(agreement), String(trainings)]),
    ),
  ].join('\n\n');
}

/** Half a point: less is lost in the noise of most evaluations. */
const WORTH = 0.005;

const WIDTH = 640;
const HEIGHT = 340;
const PLOT = { left: 60, right: 610, top: 24, bottom: 280 };

/** The points, the fitted curve, and where it would go on. */
export function curveChart({ fit, more, points }: LearningCurve): string {
  const last = points.at(-1)?.examples ?? 1;
  const first = points[0]?.examples ?? 1;
  const agreementAt = (examples: number) => 1 - fit.floor - fit.scale * examples ** -fit.exponent;
  const values = [...points.map(({ agreement }) => agreement), agreementAt(first), agreementAt(last + more)];
  const [bottom, top] = [Math.min(...values) - 0.02, Math.max(...values) + 0.02];
  const x = (examples: number) => PLOT.left + (examples / (last + more)) * (PLOT.right - PLOT.left);
  const y = (share: number) => PLOT.bottom - ((share - bottom) / (top - bottom)) * (PLOT.bottom - PLOT.top);
  const line = (from: number, to: number) =>
    Array.from({ length: 41 }, (_, step) => from + ((to - from) * step) / 40)
      .map((examples) => `${x(examples).toFixed(1)},${y(agreementAt(examples)).toFixed(1)}`)
      .join(' ');
  const step = (top - bottom) / 4;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="#334155" role="img">`,
    '<title>Agreement with the labels by the number of labels learned from</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...[0, 1, 2, 3, 4].map((tick) => {
      const share = bottom + tick * step;
      const at = y(share).toFixed(1);
      return `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${at}" y2="${at}" stroke="#e2e8f0"/><text x="${PLOT.left - 6}" y="${at}" text-anchor="end" dominant-baseline="middle">${percent(share)}</text>`;
    }),
    `<polyline points="${line(first, last)}" fill="none" stroke="#0f766e" stroke-width="2"/>`,
    `<polyline points="${line(last, last + more)}" fill="none" stroke="#0f766e" stroke-width="2" stroke-dasharray="5 5"/>`,
    ...points.map(
      ({ agreement, examples }) =>
        `<circle cx="${x(examples).toFixed(1)}" cy="${y(agreement).toFixed(1)}" r="5" fill="#0f766e"/>`,
    ),
    ...roundNumbers(last + more).map(
      (examples) =>
        `<text x="${x(examples).toFixed(1)}" y="${PLOT.bottom + 18}" text-anchor="middle">${examples}</text>`,
    ),
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 16}" text-anchor="middle">labels learned from</text>`,
    '</svg>',
    '',
  ].join('\n');
}

/** A few from 0 on: the points themselves stand too close together to be named, three draws of each share. */
function roundNumbers(most: number): number[] {
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [power / 5, power / 2, power].find((each) => each >= 1 && most / each <= 6) ?? 2 * power;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Small seeded generator (public domain, T. Ettinger): the same curve gives the same interval. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
