/** The choice among the steps of the student ladder, and how it is shown. */
import { counted, type LadderReport, type LadderStep, percent } from '../contracts/index.js';
import { classificationReport } from './classification-report.js';
import { confidenceLevel, inPoints, range } from './figures.js';
import { markdownTable, plainText } from './markdown-table.js';
import { comparePaired } from './paired-comparison.js';

export interface TrainedStep
  extends Pick<LadderStep, 'name' | 'step' | 'modelBytes' | 'textsPerSecond' | 'trainSeconds' | 'encoderLicence'> {
  /** Labels for the compared rows, which it had not learned when it answered. */
  readonly predicted: readonly string[];
}

export interface LadderInput {
  /** In the order of the ladder; at least one. */
  readonly steps: readonly TrainedStep[];
  /** The teacher's labels of the compared rows. */
  readonly truth: readonly string[];
  readonly labels: readonly string[];
  readonly margin: number;
  readonly confidence: number;
  /** Folds that the rows were pooled from; 0: the validation split. */
  readonly folds: number;
  /** Steps that could not be trained, with the reason. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
}

/** The first step that agrees with the labels at most `margin` less often than the best one. The margin is of the point
 *  estimates: an interval of a few hundred rows would be wider than any margin of use, so it is shown instead. Of candidates of
 *  one step the best stands for the step. */
export function chooseStep({ steps, truth, labels, margin, confidence, folds, refused }: LadderInput): LadderReport {
  const judged = steps.map((step) => {
    const { accuracy, accuracyInterval, macroF1 } = classificationReport({
      truth,
      predicted: step.predicted,
      labels,
      confidence,
    });
    return { ...step, agreement: accuracy, interval: accuracyInterval, macroF1 };
  });
  const best = judged.reduce((one, other) => (other.agreement > one.agreement ? other : one));
  const champions = judged.filter(
    (each) => !judged.some((other) => other.step === each.step && beats(other, each, judged)),
  );
  const chosen = champions.find(({ agreement }) => best.agreement - agreement <= margin + ROUNDING) ?? best;
  return {
    rows: truth.length,
    folds,
    margin,
    confidence,
    best: best.name,
    chosen: chosen.name,
    steps: judged.map(({ predicted, ...figures }) => ({
      ...figures,
      lossToBest: best.agreement - figures.agreement,
      lossInterval: comparePaired({
        first: { name: best.name, predicted: best.predicted },
        second: { name: figures.name, predicted },
        truth,
        confidence,
      }).differenceInterval,
    })),
    refused: [...refused],
  };
}

/** Of shares with the same rows. */
const ROUNDING = 1e-12;

function beats(other: LadderFigures, each: LadderFigures, order: readonly LadderFigures[]): boolean {
  if (other === each) return false;
  if (other.agreement !== each.agreement) return other.agreement > each.agreement;
  return order.indexOf(other) < order.indexOf(each);
}

type LadderFigures = TrainedStep & { readonly agreement: number };

/** What the report says, for people who decide: a sentence and a table. */
export function ladderMarkdown(report: LadderReport): string {
  const { best, chosen, confidence, folds, margin, refused, rows, steps } = report;
  const taken = steps.find(({ name }) => name === chosen);
  const why =
    chosen === best
      ? 'it agrees with the labels most often'
      : `it loses ${inPoints(taken?.lossToBest ?? 0)} points to the best (${plainText(best)}), and the margin is ${inPoints(margin)}`;
  const where =
    folds === 0 ? counted(rows, 'validation row') : `${counted(rows, 'row')}, each held out once in ${folds} folds`;
  return [
    `**The student is ${plainText(chosen)}**: ${why}.`,
    `Agreement with the labels on ${where}, in per cent; sizes are of the model that answers, speeds on this machine.`,
    markdownTable(
      [
        '',
        'agreement',
        `loss to the best, ${confidenceLevel(confidence)} interval`,
        'macro F1',
        'model, MB',
        'texts a second',
        'training, s',
        "encoder's licence",
      ],
      steps.map((step) => [
        step.name === chosen ? `**${plainText(step.name)}**` : plainText(step.name),
        percent(step.agreement),
        step.name === best ? inPoints(0) : `${inPoints(step.lossToBest)} (${range(step.lossInterval)})`,
        step.macroF1.toFixed(3),
        (step.modelBytes / 1e6).toFixed(1),
        step.textsPerSecond >= 10 ? String(Math.round(step.textsPerSecond)) : step.textsPerSecond.toFixed(1),
        step.trainSeconds.toFixed(1),
        step.encoderLicence === undefined ? '' : plainText(step.encoderLicence ?? 'not named'),
      ]),
    ),
    ...refused.map(({ name, reason }) => `Not trained: ${plainText(name)} (${plainText(reason)}).`),
  ].join('\n\n');
}

const WIDTH = 640;
const HEIGHT = 360;
const PLOT = { left: 70, right: 610, top: 30, bottom: 300 };
const COLOURS = ['#0f766e', '#b45309', '#6d28d9', '#be123c', '#1d4ed8', '#4d7c0f'];

/** The trade-off as a picture: agreement with its interval over texts a second, on a logarithmic axis. */
export function ladderChart({ chosen, margin, steps }: LadderReport): string {
  const speeds = steps.map(({ textsPerSecond }) => Math.log10(Math.max(textsPerSecond, 1e-3)));
  const [slowest, fastest] = padded(Math.min(...speeds), Math.max(...speeds), 0.3);
  const lows = steps.map(({ interval }) => interval.low);
  const highs = steps.map(({ interval }) => interval.high);
  const [bottom, top] = padded(Math.min(...lows), Math.max(...highs), 0.02);
  const x = (speed: number) => scaled(speed, slowest, fastest, PLOT.left, PLOT.right);
  const y = (share: number) => scaled(share, bottom, top, PLOT.bottom, PLOT.top);
  const best = Math.max(...steps.map(({ agreement }) => agreement));
  const ticksX = whole(Math.ceil(slowest), Math.floor(fastest));
  const ticksY = whole(Math.ceil(bottom * 20), Math.floor(top * 20)).map((tick) => tick / 20);
  const marks = steps.map((step, index) => {
    const [cx, colour] = [x(speeds[index] as number), COLOURS[index % COLOURS.length]];
    const ring = step.name === chosen ? ` stroke="currentColor" stroke-width="2"` : '';
    const anchor = cx > (PLOT.left + PLOT.right) / 2 ? 'end' : 'start';
    const dx = anchor === 'end' ? -12 : 12;
    const label = `${step.name}, ${percent(step.agreement)}${step.name === chosen ? ' (chosen)' : ''}`;
    return [
      `<line x1="${at(cx)}" x2="${at(cx)}" y1="${at(y(step.interval.low))}" y2="${at(y(step.interval.high))}" stroke="${colour}" stroke-width="2"/>`,
      `<circle cx="${at(cx)}" cy="${at(y(step.agreement))}" r="7" fill="${colour}"${ring}/>`,
      `<text x="${at(cx + dx)}" y="${at(y(step.agreement) - 10)}" text-anchor="${anchor}">${escapeXml(label)}</text>`,
    ].join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="currentColor" color="#334155" role="img">`,
    '<title>Agreement with the labels by texts a second</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...ticksY.map(
      (share) =>
        `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${at(y(share))}" y2="${at(y(share))}" stroke="#e2e8f0"/><text x="${PLOT.left - 8}" y="${at(y(share) + 4)}" text-anchor="end">${Math.round(100 * share)} %</text>`,
    ),
    ...ticksX.map(
      (power) =>
        `<text x="${at(x(power))}" y="${PLOT.bottom + 18}" text-anchor="middle">${(10 ** power).toLocaleString('en-US')}</text>`,
    ),
    `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${at(y(best - margin))}" y2="${at(y(best - margin))}" stroke="#64748b" stroke-dasharray="4 4"/>`,
    `<text x="${PLOT.right}" y="${at(y(best - margin) + 14)}" text-anchor="end" fill="#64748b">best less the margin</text>`,
    ...marks,
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 16}" text-anchor="middle">texts a second</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function padded(low: number, high: number, by: number): [number, number] {
  return [low - by, high + by];
}

function scaled(value: number, from: number, to: number, start: number, end: number): number {
  return start + ((value - from) / (to - from)) * (end - start);
}

function whole(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}

function at(coordinate: number): string {
  return coordinate.toFixed(1);
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
