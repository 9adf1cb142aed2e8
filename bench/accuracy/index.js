/** npm run bench -- accuracy --encoder FOLDER [--rows FILE.jsonl] [--folds 0,1,2,3,4] [--seeds 1,2,3,4,5]
 *  [--recipe default|peer|few|few-short|fewer|fewer-short|self] [--results FILE.jsonl] [--peer FILE.jsonl]: fine-tunes on the recorded
 *  votes of four folds and asks for the experts' labels of the fifth (row i is in fold i mod 5). few: of the four folds one has labels
 *  and one is asked; the fifth plays no part. Each pair of fold and seed is a line of the results, and one that stands there is not trained again, so what was
 *  stopped goes on. What the figures mean: docs/benchmarks.md. */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EncoderSettings, EvaluationSettings } from '../../dist/contracts/index.js';
import { prepareExamples } from '../../dist/students/encoder/encoder-examples.js';
import { trainEncoder } from '../../dist/students/encoder/encoder-training.js';
import { RECIPE } from '../../dist/students/encoder/recipe.js';
import { loadStudent } from '../../dist/students/index.js';
import { seededFraction } from '../../dist/voting/index.js';
import { LABELS, RECORDED } from '../encoder-arguments.js';
import { machine, rounded } from '../machine.js';
import { meanDifference } from './mean-difference.js';

const FOLDS = 5;
/** One of so many rows is asked after each epoch where nothing is chosen: the log loss of rows that are learnt falls. */
const WATCHED = 10;

const isIn = (row, fold) => row % FOLDS === fold % FOLDS;

/** What the product does without being told otherwise, with all recorded votes. */
const usual = {
  settings: {},
  recipe: {},
  examples: (rows, seed) =>
    rows.map((row) => ({ text: row.text, target: shareOfVotes(row), validation: isHeldOut(row, seed) })),
  isAsked: isIn,
  isLabelled: (row, fold) => !isIn(row, fold),
  isUnlabelled: () => false,
};

/** The same with the labels of one fold. A recipe is chosen on inner folds: the one that the others are asked about plays no part. */
const few = {
  ...usual,
  isAsked: (row, fold) => isIn(row, fold + 1),
  isLabelled: (row, fold) => isIn(row, fold + 2),
};

/** Every other one of them. */
const fewer = { ...few, isLabelled: (row, fold) => few.isLabelled(row, fold) && Math.floor(row / FOLDS) % 2 === 0 };

/** No more epochs than of many labels. */
const short = { settings: { epochs: 4 } };

const recipes = {
  default: usual,
  few,
  'few-short': { ...few, ...short },
  fewer,
  'fewer-short': { ...fewer, ...short },
  /** As few, and then anew on those labels and on what the student that learnt them says of two folds more. */
  self: { ...few, isUnlabelled: (row, fold) => isIn(row, fold + 3) || isIn(row, fold + 4) },
  /** What most people run with transformers: the majority label, the last weights, all rows to learn from. */
  peer: {
    ...usual,
    settings: { targets: 'hard', epochs: 4, patience: 4, learningRate: 5e-5, batchSize: 16 },
    recipe: { labelSmoothing: 0, averageAfter: 1 },
    examples: (rows) => {
      const learnt = rows.map((row) => ({ text: row.text, target: oneHot(row.majority), validation: false }));
      return [...learnt, ...learnt.filter((_, i) => i % WATCHED === 0).map((row) => ({ ...row, validation: true }))];
    },
  },
};

export async function bench(args) {
  const options = accuracyArguments(args);
  if (!existsSync(options.rows)) {
    console.log(`skipped: ${options.rows} is not there (recorded data that may not be part of this project)`);
    return;
  }
  const rows = readJsonl(options.rows);
  mkdirSync(dirname(options.results), { recursive: true });
  for (const seed of options.seeds) {
    for (const fold of options.folds) {
      if (pairsOf(options).some((pair) => pair.fold === fold && pair.seed === seed)) continue;
      const figures = await train({ ...options, rows, fold, seed });
      const { commit, node } = machine();
      const line = { recipe: options.recipe, fold, seed, ...figures, commit, node };
      appendFileSync(options.results, `${JSON.stringify(line)}\n`);
      console.log(`fold ${fold}, seed ${seed}: ${percent(figures.accuracy)} right`);
    }
  }
  report(options);
}

function accuracyArguments(args) {
  const text = { type: 'string' };
  const { values } = parseArgs({
    args,
    options: {
      encoder: text,
      rows: { ...text, default: RECORDED },
      folds: { ...text, default: '0,1,2,3,4' },
      seeds: { ...text, default: '1,2,3,4,5' },
      recipe: { ...text, default: 'default' },
      results: { ...text, default: join(homedir(), '.cache', 'tutelage', 'bench', 'accuracy.jsonl') },
      peer: text,
    },
  });
  const { encoder, recipe } = values;
  if (encoder === undefined) throw new Error('--encoder: name the folder of an encoder, all-MiniLM-L6-v2 for one');
  if (recipes[recipe] === undefined) throw new Error(`--recipe ${recipe}: one of ${Object.keys(recipes).join(', ')}`);
  const numbers = (name) => values[name].split(',').map(Number);
  const folds = numbers('folds');
  if (folds.some((fold) => !(fold in Array(FOLDS).fill(0)))) throw new Error(`--folds ${values.folds}: of 0 to 4`);
  return { ...values, encoder: resolve(encoder), folds, seeds: numbers('seeds') };
}

/** In this process: the recipe is not a setting of the product. */
async function train({ encoder, recipe: name, rows, fold, seed }) {
  const { settings, recipe, examples, isAsked, isLabelled, isUnlabelled } = recipes[name];
  Object.assign(RECIPE, recipe);
  const part = (isWanted) => rows.filter((_, row) => isWanted(row, fold));
  const learnt = examples(part(isLabelled), seed);
  const rest = part(isUnlabelled);
  const asked = part(isAsked);
  const settled = { encoder, settings, seed };
  const figuresOf = (folder) => rightTwice(folder, asked);
  if (rest.length === 0) return fineTune({ ...settled, learnt, ask: figuresOf });
  const { answers, accuracy: accuracyBefore } = await fineTune({
    ...settled,
    learnt,
    ask: async (folder) => ({ ...(await figuresOf(folder)), answers: await answersOf(folder, rest) }),
  });
  const guessed = rest.map(({ text }, row) => ({ text, target: answers[row], validation: false }));
  return { ...(await fineTune({ ...settled, learnt: [...learnt, ...guessed], ask: figuresOf })), accuracyBefore };
}

/** Fine-tunes on the examples, and gives what `ask` finds of the student's folder beside the figures of the training. */
async function fineTune({ encoder, settings, seed, learnt, ask }) {
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-bench-'));
  try {
    const examplesFile = join(folder, 'examples.jsonl');
    writeFileSync(examplesFile, learnt.map((example) => `${JSON.stringify(example)}\n`).join(''));
    const prepared = await prepareExamples({
      kind: 'encoder',
      labels: LABELS,
      examplesFile,
      outputFolder: folder,
      settings: EncoderSettings.parse({ kind: 'encoder', encoder, ...settings }),
      seed,
    });
    const { trainSeconds, chosen } = await trainEncoder({
      ...prepared,
      onProgress: async () => {},
      load: loadStudent,
    });
    return { ...(await ask(folder)), epoch: chosen.epoch, trainSeconds: rounded(trainSeconds, 1) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** In float32 and in INT8; leaves the folder without the INT8 model. */
async function rightTwice(folder, rows) {
  const accuracyInt8 = await right(folder, rows);
  rmSync(join(folder, 'model_quantized.onnx'), { force: true });
  return { accuracy: await right(folder, rows), accuracyInt8 };
}

/** Share of the rows that the student in the folder gives the experts' label. */
async function right(folder, rows) {
  const labels = (await answersOf(folder, rows)).map((shares) => LABELS[shares.indexOf(Math.max(...shares))]);
  return rows.filter(({ expert }, row) => expert === labels[row]).length / rows.length;
}

/** Probabilities of the student in the folder. */
async function answersOf(folder, rows) {
  const student = await loadStudent(folder);
  try {
    return await student.predict(rows.map(({ text }) => text));
  } finally {
    await student.close();
  }
}

function report({ peer, recipe, ...options }) {
  const pairs = pairsOf({ recipe, ...options });
  const shown = ({ fold, seed, accuracy, accuracyInt8, accuracyBefore }) => ({
    fold,
    seed,
    accuracy,
    accuracyInt8,
    accuracyBefore,
  });
  console.table(pairs.map(shown));
  const mean = (key) => rounded(pairs.reduce((sum, pair) => sum + pair[key], 0) / pairs.length, 4);
  const figures = { pairs: pairs.length, accuracy: mean('accuracy'), accuracyInt8: mean('accuracyInt8') };
  if (recipe === 'self') figures.accuracyBefore = mean('accuracyBefore');
  const beside = peer === undefined ? {} : { peer: meanDifference(pairs, readJsonl(peer)) };
  console.log(JSON.stringify({ bench: 'accuracy', recipe, ...machine(), ...figures, ...beside }));
}

/** The lines of the results that were asked for. */
function pairsOf({ results, recipe, folds, seeds }) {
  if (!existsSync(results)) return [];
  return readJsonl(results).filter(
    (line) => line.recipe === recipe && folds.includes(line.fold) && seeds.includes(line.seed),
  );
}

/** As the product draws its validation split. */
function isHeldOut({ text }, seed) {
  return seededFraction(seed, 'validation', text) < EvaluationSettings.parse({}).validationShare;
}

/** Of the readable ones, three reasoned and one direct; the recorded majority where none is. */
function shareOfVotes({ cot, majority, simple }) {
  const reasoned = cot.filter(({ reason }) => reason !== 'FAIL').map(({ label }) => label);
  const votes = [...reasoned, simple].filter((label) => LABELS.includes(label));
  if (votes.length === 0) return oneHot(majority);
  return LABELS.map((label) => votes.filter((vote) => vote === label).length / votes.length);
}

function oneHot(label) {
  return LABELS.map((each) => Number(each === label));
}

function percent(share) {
  return `${(100 * share).toFixed(2)} %`;
}

function readJsonl(file) {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}
