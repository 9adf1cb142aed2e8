/** Every benchmark of bench/ starts, does its work on next to nothing, and ends with its line of figures: a change of what it imports
 *  does not go unnoticed until somebody measures. Peers in Python are left out, for nothing is installed here. */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { trainInProcess } from '../../src/students/index.js';
import { cleanEnvironment, cleanUp, newFolder } from '../cli/tutelage-process.js';
import { makeTinyEncoder } from '../students/encoder/tiny-encoder.js';
import { emptyFolder, toyExamples, toyLabels, trainingJob } from '../students/training-job.js';
import { chromiumPath } from '../support/chromium.js';
import { writeJsonl } from '../support/demo-data.js';

const root = join(__dirname, '..', '..');
const folder = newFolder();
/** Of the kind that the recorded votes have. Fewer than a ladder needs for folds. */
const rows = writeJsonl(join(folder, 'rows.jsonl'), Array.from({ length: 60 }, votedRow));
const manyRows = writeJsonl(join(folder, 'many-rows.jsonl'), Array.from({ length: 400 }, votedRow));
let encoder: string;

beforeAll(async () => {
  encoder = await makeTinyEncoder(join(folder, 'tiny'));
});

afterAll(cleanUp);

/** Three reasoned votes and a direct one. */
function votedRow(_: unknown, i: number) {
  const label = ['negative', 'neutral', 'positive'][i % 3]!;
  const text = `sales ${['fell', 'in the quarter', 'rose'][i % 3]} by ${i} percent .`;
  const cot = Array(3).fill({ reason: 'It says so.', label });
  return { text, expert: label, simple: label, cot, majority: label };
}

/** The line of figures. Fails, with all that was printed, where there is none. */
async function bench(name: string, ...args: string[]): Promise<Record<string, unknown>> {
  const env = await cleanEnvironment();
  const child = spawn(process.execPath, [join(root, 'scripts', 'bench.js'), name, ...args], { cwd: root, env });
  let printed = '';
  let stdout = '';
  child.stdout.on('data', (data: Buffer) => {
    stdout += data;
    printed += data;
  });
  child.stderr.on('data', (data: Buffer) => {
    printed += data;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`bench ${name} ended with code ${code}:\n${printed}`);
  const figures = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
  expect(figures).toMatchObject({ bench: name, cores: expect.any(Number), node: process.version });
  return figures;
}

const size = expect.any(Number);

const TESTS: Record<string, () => Promise<void>> = {
  async accuracy() {
    const args = ['--encoder', encoder, '--rows', rows, '--folds', '0', '--seeds', '1', '--recipe', 'self'];
    const figures = await bench('accuracy', ...args, '--results', join(folder, 'accuracy.jsonl'));
    expect(figures).toMatchObject({ recipe: 'self', pairs: 1, accuracy: size, accuracyBefore: size });
  },

  async annotate() {
    const { results } = await bench('annotate', 'a', 'd', '--calls', '30', '--texts', '30');
    expect(results).toMatchObject({
      a: { calls: 30, ofIdeal: size, bareOfIdeal: size },
      d: [{ texts: 30, workerHeapMiB: size, bareHeapMiB: size, rootMostEvents: size, sameQuestions: true }],
    });
  },

  async export() {
    const student = emptyFolder();
    const settings = { kind: 'encoder', encoder, epochs: 1 } as const;
    const job = { ...trainingJob(toyLabels, toyExamples(60), settings), outputFolder: student };
    await trainInProcess(job, { onProgress: () => {} });
    expect(await bench('export', '--student', student, '--rows', rows, '--alone')).toMatchObject({
      differences: [{ way: 'its own INT8 model', largestDifference: size }],
    });
  },

  async infer() {
    const figures = await bench('infer', '--encoder', encoder, '--rows', rows, '--rounds', '1', '--alone');
    expect(figures).toMatchObject({ texts: 60, textsASecond: { tutelage: size }, aloneMs: { tutelage: size } });
  },

  async ladder() {
    expect(await bench('ladder', '--encoder', encoder, '--rows', rows)).toMatchObject({
      ladder: { chosen: expect.any(String) },
      gold: { rows: 12, student: size, teacher: 1 },
    });
  },

  async 'review-page'() {
    const { figures } = await bench('review-page', '--texts', '20', '--starts', '1', '--runs', '1');
    expect(figures).toMatchObject({ 'in a fresh profile': { runs: 1, 'first text, ms': size } });
  },

  async train() {
    const steps = await bench('train', '--encoder', encoder, '--rows', rows, '--rounds', '1', '--alone');
    expect(steps).toMatchObject({ secondsAStep: { tutelage: size }, memoryMb: { tutelage: { peak: size } } });
    const killed = await bench('train', '--size', 'tiny', '--steps', '40', '--rows', manyRows);
    expect(killed).toMatchObject({ steps: 40, killedAtStep: size, resumedEqualsUndisturbed: true });
  },
};

/** Of a benchmark that has no test of its own. */
async function imported(name: string): Promise<void> {
  const file = join(root, 'bench', name, 'index.js');
  const code = `const { bench } = await import(${JSON.stringify(file)}); process.stdout.write(typeof bench);`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' });
  expect(stdout).toBe('function');
}

/** What a benchmark can't do without. */
const HAS: Record<string, boolean> = { 'review-page': chromiumPath !== null };

for (const name of readdirSync(join(root, 'bench')).filter((each) => !each.endsWith('.js'))) {
  const test = TESTS[name];
  if (test === undefined) it(`${name} can be started`, () => imported(name));
  else (HAS[name] === false ? it.skip : it)(`${name} does its work`, test);
}
