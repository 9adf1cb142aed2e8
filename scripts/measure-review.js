/** Measures the doubt ranking on the recorded data, with weights fitted on other rows than those reported.
 *  Run: node scripts/measure-review.js DATA.jsonl [CURVE.svg] (../shared/data). Prints one JSON object; needs a built dist. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StudentSettings } from '../dist/contracts/index.js';
import {
  ConfidentThresholds,
  DOUBT_WEIGHTS,
  DoubtJudge,
  drawAudit,
  mostWrong,
  NearDuplicates,
} from '../dist/review/index.js';
import { predictOutOfFoldInProcess } from '../dist/students/index.js';
import { seededFraction } from '../dist/voting/index.js';

const LABELS = ['negative', 'neutral', 'positive'];
const SHARES = [0.05, 0.1, 0.2];
const FOLDS = 10;
const RESAMPLES = 2000;
const AUDITS = 1000;
const SIGNS = Object.keys(DOUBT_WEIGHTS).filter((name) => name !== 'bias');

/** Votes about a row, by vote plan. */
const PLANS = {
  'three reasoned votes and the direct one': (row) => [...reasoned(row), { label: known(row.simple), reason: null }],
  'three reasoned votes': reasoned,
  'reasoned votes, stopped early': (row) => {
    const votes = reasoned(row);
    return votes[0].label !== null && votes[0].label === votes[1].label ? votes.slice(0, 2) : votes;
  },
};

const [dataFile, svgFile] = process.argv.slice(2);
if (dataFile === undefined) throw new Error('name the file of recorded votes');
const rows = readFileSync(dataFile, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
const wrong = rows.map((row) => row.majority !== row.expert);
const foldOf = rows.map((row) => Math.floor(FOLDS * seededFraction(1, 'review fold', row.text)));

const probabilities = await outOfFold();
const plans = {};
for (const [name, votesOf] of Object.entries(PLANS)) plans[name] = signsUnder(votesOf);

const scores = crossFitted(plans);
const results = {};
for (const [name, { baseline }] of Object.entries(plans)) {
  results[name] = SHARES.map((share, index) => ({
    reviewed: share,
    found: round(foundAt(scores[name], share)),
    baseline: round(foundAt(baseline, share)),
    differenceInterval: bootstrap(scores[name], baseline)[index].map(round),
  }));
}
const weights = fitWeights(rows.flatMap((_, i) => Object.values(plans).map(({ signs }) => [signs[i], wrong[i]])));
const fitted = Object.fromEntries(['bias', ...SIGNS].map((name, k) => [name, Math.round(100 * weights[k]) / 100]));
const certified = await certify(Object.values(scores)[0]);
if (svgFile !== undefined) writeFileSync(svgFile, curve());
process.stdout.write(
  `${JSON.stringify({ rows: rows.length, errors: wrong.filter(Boolean).length, results, certified, weights: fitted })}\n`,
);

function known(label) {
  return LABELS.includes(label) ? label : null;
}

function reasoned(row) {
  return row.cot.map(({ label, reason }) => ({ label: known(label), reason }));
}

/** The signs of doubt about each row, and the ranking that is to be beaten: disagreement, then the student's doubt. */
function signsUnder(votesOf) {
  const judge = new DoubtJudge(LABELS.map((name) => ({ name, description: '', aliases: [] })));
  const thresholds = new ConfidentThresholds(LABELS.length);
  const duplicates = new NearDuplicates();
  for (const [i, row] of rows.entries()) {
    thresholds.add(LABELS.indexOf(row.majority), probabilities[i]);
    duplicates.add(row.text, row.majority);
  }
  const values = thresholds.values();
  const signs = [];
  const baseline = [];
  for (const [i, row] of rows.entries()) {
    const votes = votesOf(row);
    const facts = {
      row: { label: row.majority, votes },
      student: { probabilities: probabilities[i], thresholds: values },
      duplicates: duplicates.of(row.text, row.majority),
    };
    signs.push([1, ...SIGNS.map((name) => judge.signs(facts, row.majority)[name])]);
    const named = votes.filter((vote) => vote.label !== null);
    const agreeing = named.filter((vote) => vote.label === row.majority).length;
    const disagreement = named.length === 0 ? 1 : 1 - agreeing / named.length;
    baseline.push(disagreement + 1e-3 * (1 - probabilities[i][LABELS.indexOf(row.majority)]));
  }
  return { signs, baseline };
}

/** Out-of-fold probabilities of each row: training is on the majority's label, which the plans share. */
async function outOfFold() {
  const outputFolder = mkdtempSync(join(tmpdir(), 'tutelage-measure-'));
  try {
    const examplesFile = join(outputFolder, 'examples.jsonl');
    const lines = rows.map((row) => {
      const target = LABELS.map((label) => (label === row.majority ? 1 : 0));
      return `${JSON.stringify({ text: row.text, target, validation: false })}\n`;
    });
    writeFileSync(examplesFile, lines.join(''));
    const settings = StudentSettings.parse({ targets: 'hard' });
    const job = { kind: 'linear', labels: LABELS, examplesFile, outputFolder, settings, seed: 42 };
    const answers = [];
    for await (const answer of predictOutOfFoldInProcess(job, { onProgress: () => {} })) answers.push(answer);
    return answers;
  } finally {
    rmSync(outputFolder, { recursive: true, force: true });
  }
}

/** Each row's score by weights that were fitted on the rows of the other folds, all plans together. */
function crossFitted(measured) {
  const all = Object.fromEntries(Object.keys(measured).map((name) => [name, new Array(rows.length)]));
  for (let fold = 0; fold < FOLDS; fold++) {
    const examples = rows.flatMap((_, i) =>
      foldOf[i] === fold ? [] : Object.values(measured).map(({ signs }) => [signs[i], wrong[i]]),
    );
    const weights = fitWeights(examples);
    for (const [name, { signs }] of Object.entries(measured)) {
      for (const [i, row] of signs.entries()) if (foldOf[i] === fold) all[name][i] = dot(weights, row);
    }
  }
  return all;
}

/** Experts answer for the worst tenth, then for an audit of the rest: the errors left, and in 1,000 audits the bound after
 *  176 and 400 labels, and how often no bound of an audit was ever below the errors left. */
async function certify(ranking) {
  const order = rows.map((_, i) => i).toSorted((a, b) => ranking[b] - ranking[a]);
  const reviewed = order.slice(0, Math.round(0.1 * rows.length));
  const left = order.slice(reviewed.length);
  const errorsLeft = left.filter((i) => wrong[i]).length;
  const decided = new Map(reviewed.map((i) => [String(i), null]));
  const known = new Map();
  const boundAfter = (sampled, found) => {
    const key = `${sampled} ${found}`;
    if (!known.has(key)) known.set(key, mostWrong({ population: left.length, sampled, wrong: found }, 0.95));
    return known.get(key);
  };
  const bounds = { 176: [], 400: [] };
  let held = 0;
  for (let seed = 0; seed < AUDITS; seed++) {
    const all = (async function* () {
      for (const i of order) yield { key: String(i), label: rows[i].majority };
    })();
    const { keys } = await drawAudit({ rows: all, decided, seed, runFolder: '', reviewer: '', at: new Date(0) });
    let [found, holds] = [0, true];
    for (let sampled = 1; sampled <= 400; sampled++) {
      if (wrong[Number(keys[sampled - 1])]) found++;
      const bound = boundAfter(sampled, found);
      if (bound < errorsLeft) holds = false;
      // The errors that the audit found are corrected.
      if (sampled in bounds) bounds[sampled].push((bound - found) / rows.length);
    }
    if (holds) held++;
  }
  const median = (values) => round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]);
  return {
    reviewed: reviewed.length,
    wrongBefore: round(wrong.filter(Boolean).length / rows.length),
    wrongLeft: round(errorsLeft / rows.length),
    medianBoundAfter176: median(bounds[176]),
    medianBoundAfter400: median(bounds[400]),
    held: held / AUDITS,
  };
}

/** Logistic regression by Newton's method, with a ridge of 1 on all weights but the bias. */
function fitWeights(examples) {
  const size = SIGNS.length + 1;
  let weights = new Array(size).fill(0);
  for (let step = 0; step < 30; step++) {
    const gradient = weights.map((weight, k) => (k === 0 ? 0 : -weight));
    const hessian = weights.map((_, k) => weights.map((__, l) => (k === l && k > 0 ? 1 : 0)));
    for (const [signs, isWrong] of examples) {
      const p = 1 / (1 + Math.exp(-dot(weights, signs)));
      for (let k = 0; k < size; k++) {
        gradient[k] += ((isWrong ? 1 : 0) - p) * signs[k];
        for (let l = 0; l < size; l++) hessian[k][l] += p * (1 - p) * signs[k] * signs[l];
      }
    }
    const change = solve(hessian, gradient);
    weights = weights.map((weight, k) => weight + change[k]);
  }
  return weights;
}

function solve(matrix, vector) {
  const a = matrix.map((row, i) => [...row, vector[i]]);
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < a.length; j++) {
      if (j === i) continue;
      const factor = a[j][i] / a[i][i];
      for (let k = i; k <= a.length; k++) a[j][k] -= factor * a[i][k];
    }
  }
  return a.map((row, i) => row[a.length] / row[i]);
}

/** Share of the errors among the first `share` of the rows, worst first. */
function foundAt(ranking, share, sample = rows.map((_, i) => i)) {
  const order = sample.toSorted((a, b) => ranking[b] - ranking[a]);
  const found = order.slice(0, Math.round(share * order.length)).filter((i) => wrong[i]).length;
  return found / sample.filter((i) => wrong[i]).length;
}

/** 95 % percentile intervals of the difference to the other ranking, over resamples of the rows. */
function bootstrap(ranking, other) {
  const differences = SHARES.map(() => []);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    const sample = rows.map((_, i) => Math.floor(rows.length * seededFraction(resample, 'resample', String(i))));
    for (const [k, share] of SHARES.entries()) {
      differences[k].push(foundAt(ranking, share, sample) - foundAt(other, share, sample));
    }
  }
  return differences.map((values) => {
    const sorted = values.toSorted((a, b) => a - b);
    return [sorted[Math.floor(0.025 * RESAMPLES)], sorted[Math.ceil(0.975 * RESAMPLES) - 1]];
  });
}

function curve() {
  const [width, height, left, top] = [640, 400, 56, 24];
  const x = (share) => left + (share / 0.4) * (width - left - 16);
  const y = (found) => top + (1 - found) * (height - top - 48);
  const colours = ['#1f6feb', '#2da44e', '#bf8700'];
  const steps = Array.from({ length: 81 }, (_, k) => k / 200);
  const line = (ranking) =>
    steps.map((share) => `${x(share).toFixed(1)},${y(foundAt(ranking, share)).toFixed(1)}`).join(' ');
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (found) =>
      `<path d="M${left} ${y(found)}H${width - 16}" stroke="#d0d7de"/><text x="${left - 8}" y="${y(found) + 4}" text-anchor="end">${100 * found} %</text>`,
  );
  const ticks = [0, 0.05, 0.1, 0.2, 0.3, 0.4].map(
    (share) => `<text x="${x(share)}" y="${height - 28}" text-anchor="middle">${Math.round(100 * share)} %</text>`,
  );
  const lines = Object.entries(plans).map(
    ([name, { baseline }], k) =>
      `<polyline points="${line(scores[name])}" fill="none" stroke="${colours[k]}" stroke-width="2.5"/>` +
      `<polyline points="${line(baseline)}" fill="none" stroke="${colours[k]}" stroke-width="1.5" stroke-dasharray="4 4"/>` +
      `<text x="${width - 24}" y="${y(0.32 - 0.08 * k)}" text-anchor="end" fill="${colours[k]}">${name}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img">`,
    '<title>Share of the errors found by share of the texts reviewed</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...grid,
    ...ticks,
    ...lines,
    `<text x="${width - 24}" y="${y(0.08)}" text-anchor="end" fill="#57606a">dashed: by disagreement, then the student's doubt</text>`,
    `<text x="${(width + left) / 2}" y="${height - 8}" text-anchor="middle">texts reviewed, worst first</text>`,
    `<text transform="translate(14 ${height / 2}) rotate(-90)" text-anchor="middle">errors found</text>`,
    '</svg>\n',
  ].join('\n');
}

function dot(a, b) {
  return a.reduce((sum, value, k) => sum + value * b[k], 0);
}

function round(share) {
  return Math.round(1000 * share) / 10;
}
