/** tutelage predict, with a student that was trained on a few made-up sentences. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { registerPredict } from '../../src/cli/predict.js';
import { deployVersion, registerVersion } from '../../src/deployment/index.js';
import { openFileStore, type Store } from '../../src/store/index.js';
import { newVersion } from '../deployment/new-version.js';
import { toyStudent } from '../deployment/toy-student.js';
import { type Printed, runCommand } from './run-command.js';

const LABELS = ['bad', 'good'];

let folder: string;
let store: Store;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'predict-'));
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
  store = await openFileStore(join(folder, 'store'));
  const student = await toyStudent(store, folder, 'first', LABELS);
  const swapped = await toyStudent(store, folder, 'second', [...LABELS].reverse());
  await registerVersion(store, newVersion(student, { workflowId: 'run-1', labels: LABELS }));
  await registerVersion(store, newVersion(swapped, { workflowId: 'run-2', labels: [...LABELS].reverse() }));
  await registerVersion(
    store,
    newVersion(student, { task: 'branded', labels: LABELS, textTemplate: '{brand}: {text}' }),
  );
  await registerVersion(store, newVersion(student, { task: 'waiting', labels: LABELS }));
  await deployVersion(store, 'tone', 1, 'Ada');
  await deployVersion(store, 'branded', 1, 'Ada');
});
afterAll(() => rmSync(folder, { recursive: true }));

const startCache = process.env.XDG_CACHE_HOME;
afterAll(() => {
  if (startCache === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = startCache;
});

function predict(...args: string[]): Promise<Printed> {
  return runCommand(registerPredict, ['predict', '--store', join(folder, 'store'), ...args]);
}

describe('predict --text', () => {
  it('prints an array of labels with scores, best first, for one text', async () => {
    const { stdout } = await predict('--task', 'tone', '--text', 'Sales rose.');
    const answer = JSON.parse(stdout);
    expect(answer.map(({ label }: { label: string }) => label)).toEqual(['good', 'bad']);
    expect(answer[0].score).toBeGreaterThan(0.8);
    expect(answer[0].score + answer[1].score).toBeCloseTo(1, 5);
  });

  it('prints an array of such arrays for several texts, and only the best label with --top 1', async () => {
    const { stdout } = await predict('--task', 'tone', '--top', '1', '--text', 'Sales rose.', '--text', 'Sales fell.');
    expect(JSON.parse(stdout)).toEqual([
      [{ label: 'good', score: expect.any(Number) }],
      [{ label: 'bad', score: expect.any(Number) }],
    ]);
  });

  it('asks the version that --version names instead of the deployed one', async () => {
    const { stdout } = await predict('--task', 'tone', '--version', '2', '--text', 'Sales rose.');
    expect(JSON.parse(stdout)[0].label).toBe('bad');
  });

  it('refuses a text without words, and a text alone where the task needs several columns', async () => {
    const refused = async (...args: string[]) => {
      const error = await predict(...args).catch((problem) => problem);
      return (error as { printed: Printed }).printed.stderr;
    };
    expect(await refused('--task', 'tone', '--text', ' ')).toBe('error: --text number 1: its text is empty\n');
    expect(await refused('--task', 'branded', '--text', 'Sales rose.')).toMatch(
      /several columns \(brand, text\); use --input/,
    );
  });

  it('names the versions of a task where none is deployed, and the tasks for one that is not there', async () => {
    await expect(predict('--task', 'waiting', '--text', 'a')).rejects.toThrow(
      'task waiting has no deployed version; name one with --version: 1',
    );
    await expect(predict('--task', 'tones', '--text', 'a')).rejects.toThrow('did you mean tone?');
  });
});

describe('predict --input', () => {
  it('writes the rows with label and score, by the template of the version', async () => {
    const input = join(folder, 'in.csv');
    const output = join(folder, 'out.jsonl');
    writeFileSync(input, 'brand,body\nAcme,Sales rose.\nAcme,\n');
    const { stdout, stderr } = await predict(
      ...['--task', 'branded', '--input', input, '--output', output, '--text-column', 'body', '--json'],
    );
    expect(JSON.parse(stdout)).toEqual({
      task: 'branded',
      version: 1,
      rows: 1,
      refused: 1,
      output,
      added: ['label', 'score', 'scores'],
    });
    expect(stderr).toContain('left out, because they could not be used: 1\n  line 3: its text is empty');
    const row = JSON.parse(readFileSync(output, 'utf8'));
    expect(row).toMatchObject({ brand: 'Acme', body: 'Sales rose.', label: 'good', scores: { good: row.score } });
  });

  it('refuses --input without --output, and together with --text', async () => {
    await expect(predict('--task', 'tone', '--input', 'in.csv')).rejects.toMatchObject({ name: 'CommanderError' });
    const both = ['--task', 'tone', '--input', 'in.csv', '--output', 'out.csv', '--text', 'a'];
    await expect(predict(...both)).rejects.toMatchObject({ name: 'CommanderError' });
  });
});

it('predict answers lines on stdin, one array a line, and keeps in step with lines that have no text', async () => {
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin');
  Object.defineProperty(process, 'stdin', {
    configurable: true,
    value: Readable.from(['Sales rose.\u2028Sales rose.\r\n\nSales ', 'fell.'].map((piece) => Buffer.from(piece))),
  });
  try {
    const { stdout } = await predict('--task', 'tone', '--top', '1');
    const labels = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)[0]?.label);
    expect(labels).toEqual(['good', undefined, 'bad']);
  } finally {
    Object.defineProperty(process, 'stdin', stdin!);
  }
});
