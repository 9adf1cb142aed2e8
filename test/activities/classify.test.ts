/** Rows in blocks, blocks answered, answers in one file: by whom and how often makes no difference. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createClassifyActivities } from '../../src/activities/classify.js';
import { toFailure } from '../../src/activities/failures.js';
import { ClassificationInput, type ClassificationPlan } from '../../src/contracts/index.js';
import { deployVersion, registerVersion } from '../../src/deployment/index.js';
import { openFileStore, type Store } from '../../src/store/index.js';
import { newVersion } from '../deployment/new-version.js';
import { toyStudent } from '../deployment/toy-student.js';

const ROWS = 25;

let folder: string;
let store: Store;
let input: string;
let activities: ReturnType<typeof createClassifyActivities>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'classify-'));
  store = await openFileStore(join(folder, 'store'));
  const files = await toyStudent(store, folder, 'first', ['bad', 'good']);
  await registerVersion(store, newVersion(files, { labels: ['bad', 'good'] }));
  await deployVersion(store, 'tone', 1, 'Ada');
  activities = createClassifyActivities({
    store,
    env: { XDG_CACHE_HOME: join(folder, 'cache') },
    teacherWorkers: () => 0,
  });
  input = join(folder, 'in.jsonl');
  const rows = Array.from({ length: ROWS }, (_, n) => ({
    id: n,
    text: `Sales ${n % 2 === 0 ? 'rose' : 'fell'}, ${n}.`,
  }));
  writeFileSync(input, [...rows.map((row) => JSON.stringify(row)), '{"id":99,"text":" "}', ''].join('\n'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run<Input, Result>(activity: (input: Input) => Promise<Result>, given: Input): Promise<Result> {
  return new MockActivityEnvironment().run(activity, given);
}

function split(output: string, runId = output, changes: Record<string, unknown> = {}): Promise<ClassificationPlan> {
  const asked = ClassificationInput.parse({
    task: 'tone',
    input,
    output: join(folder, output),
    rowsPerBlock: 10,
    ...changes,
  });
  return run(activities.splitRows, { input: asked, workflowId: 'nightly', runId });
}

it('answers all rows in their order, whatever block comes first and twice, and leaves nothing behind but the result', async () => {
  const plan = await split('out.jsonl');
  expect(plan).toMatchObject({
    version: 1,
    rows: ROWS,
    blocks: 3,
    refused: 1,
    problems: [{ line: 26, problem: 'its text is empty' }],
  });
  for (const block of [2, 0, 1, 0]) await run(activities.classifyBlock, { plan, block });
  const result = await run(activities.joinRows, { plan });
  const output = join(folder, 'out.jsonl');
  const added = ['label', 'score', 'scores'];
  expect(result).toEqual({ task: 'tone', version: 1, rows: ROWS, refused: 1, problems: plan.problems, output, added });
  const rows = readFileSync(output, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: ROWS }, (_, n) => n));
  for (const { id, label } of rows) expect(label).toBe(id % 2 === 0 ? 'good' : 'bad');
  expect(await store.list(`${plan.folder}/blocks`)).toEqual([]);
  expect(await store.list(`${plan.folder}/answers`)).toEqual([]);
  // Its worker was killed before the server knew.
  expect(await run(activities.joinRows, { plan })).toEqual(result);
});

it('a block that has been answered is not answered again', async () => {
  const plan = await split('once.csv');
  const first = await run(activities.classifyBlock, { plan, block: 1 });
  expect(await run(activities.classifyBlock, { plan, block: 1 })).toEqual(first);
  expect(await store.list(`${plan.folder}/answers`)).toEqual([first.answers.path]);
});

it('rows stay those of the start, and so does the version', async () => {
  const plan = await split('same.csv');
  const before = readFileSync(input);
  const files = await toyStudent(store, folder, 'second', ['good', 'bad']);
  await registerVersion(store, newVersion(files, { labels: ['good', 'bad'] }));
  await deployVersion(store, 'tone', 2, 'Ada');
  writeFileSync(input, '{"text":"other"}\n');
  try {
    expect(await split('same.csv')).toEqual(plan);
    for (const block of [0, 1, 2]) await run(activities.classifyBlock, { plan, block });
    await run(activities.joinRows, { plan });
    expect(readFileSync(join(folder, 'same.csv'), 'utf8')).toMatch(/^id,text,label,score\n0,"Sales rose, 0\.",good,/);
  } finally {
    writeFileSync(input, before);
    await deployVersion(store, 'tone', 1, 'Ada');
  }
});

it('an answer that was changed in the store is not written out', async () => {
  const plan = await split('damaged.csv');
  const answers = [];
  for (const block of [0, 1, 2]) answers.push((await run(activities.classifyBlock, { plan, block })).answers);
  await store.write(answers[1]!.path, '{"id":10,"label":"bad"}\n');
  await expect(run(activities.joinRows, { plan })).rejects.toThrow(/its SHA-256 differs/);
});

it('an output that has no place for what a row holds is refused once, not tried again', async () => {
  const mixed = join(folder, 'mixed.jsonl');
  const rows = Array.from({ length: 10_001 }, (_, n) => ({
    id: n < 10_000 ? n : 'the last',
    text: `Sales rose, ${n}.`,
  }));
  writeFileSync(mixed, rows.map((row) => JSON.stringify(row)).join('\n'));
  const plan = await split('mixed.parquet', 'mixed', { input: mixed, rowsPerBlock: 20_000 });
  await run(activities.classifyBlock, { plan, block: 0 });
  const error = await run(activities.joinRows, { plan }).catch((thrown: unknown) => toFailure(thrown));
  expect(error).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
  expect(String(error)).toMatch(/output .*mixed\.parquet.*column "id" held only numbers .*\.jsonl/s);
});

it.each([
  ['a task that is not there', 'x.csv', { task: 'tones' }, 'did you mean tone?'],
  [
    'an output in a folder that is not there',
    'nowhere/x.csv',
    {},
    /output \(.*\): it can't be written \(ENOENT\)\. Make its folder/,
  ],
  ['an output of another kind', 'x.docx', {}, /output.*docx/],
  ['a column that is not there', 'x.csv', { textColumn: 'body' }, /no column "body".*with textColumn/],
])('refuses %s at once', async (_, output, changes, message) => {
  await expect(split(output, 'refused', changes)).rejects.toThrow(message);
});
