/** The second shipped task: six labels, two columns, another vote plan. Nothing is tied to the first. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRows } from '../../src/corpus/index.js';
import { newFolder } from '../cli/tutelage-process.js';
import { writeJsonl } from '../support/demo-data.js';
import { type Finished, resultOf, startUp, tutelage } from '../support/local-run.js';
import { type ReplayTeacher, startTeacher } from '../support/replay-teacher.js';
import { mails, mailsAsCsv, recordedReplies } from './customer-mails.js';

const VOTES = 3;
const folder = newFolder();
const corpus = join(folder, 'mails.csv');
let teacher: ReplayTeacher;

beforeAll(async () => {
  writeFileSync(corpus, mailsAsCsv());
  const replies = writeJsonl(join(folder, 'replies.jsonl'), recordedReplies());
  [, teacher] = await Promise.all([startUp(folder), startTeacher({ replies, latencyMs: 2 })]);
});

/** Each run in a store of its own: it asks everything itself. */
function distill(name: string, ...more: string[]): Promise<Finished> {
  const files = ['--corpus', corpus, '--text-column', 'body', '--labels-out', `${name}.jsonl`];
  const args = ['distill', 'customer-intents', ...files, '--store', join(folder, name), '--approve-as', 'ci', '--json'];
  return tutelage([...args, ...more], { cwd: folder });
}

async function labelsOf(name: string) {
  const rows = [];
  for await (const row of readRows(join(folder, `${name}.jsonl`), { field: 'labels' })) {
    if ('values' in row) rows.push(row.values);
  }
  return rows;
}

describe('the task customer-intents', () => {
  it('goes from a CSV file with two columns to a student', async () => {
    const ended = await distill('by-chat', '--teacher-url', teacher.url);

    expect(ended.code).toBe(0);
    const { requests } = await teacher.stats();
    expect(requests).toBe(mails.length * VOTES);
    expect(resultOf(ended)).toMatchObject({
      annotation: { texts: 42, calls: 42 * VOTES, unreadable: 0, labelled: 42 },
      // Without gold rows the report speaks of agreement with the teacher.
      evaluation: { basis: 'validation', teacher: null },
      deployment: { version: 1 },
    });
    const labels = await labelsOf('by-chat');
    expect(labels.map(({ text, label }) => ({ text, label }))).toEqual(
      mails.map(({ body, label, subject }) => ({ text: `${subject}: ${body}`, label })),
    );
    // The first mail of each seven has a vote against it.
    const agreements = mails.map((_, index) => (index % 7 === 0 ? 2 / 3 : 1));
    for (const [index, { agreement }] of labels.entries()) expect(agreement).toBeCloseTo(agreements[index] ?? 0, 9);
    expect(labels[1]?.reason).toBe('It reads like order-status.');
  });

  it("gives the same labels over TGI's older protocol", async () => {
    const before = (await teacher.stats()).requests;
    const tgi = teacher.url.replace(/\/v1$/, '');
    const ended = await distill('by-tgi', '--teacher-url', tgi, '--set', 'teacher.provider=text-generation');

    expect(ended.code).toBe(0);
    expect(resultOf(ended).annotation).toMatchObject({ calls: 42 * VOTES, unreadable: 0, labelled: 42 });
    expect((await teacher.stats()).requests - before).toBe(42 * VOTES);
    expect(await labelsOf('by-tgi')).toEqual(await labelsOf('by-chat'));
  });

  it('leaves a student that reads the same two columns', async () => {
    const store = ['--store', join(folder, 'by-chat')];
    const files = ['--input', corpus, '--text-column', 'body', '--output', 'predicted.csv'];
    const predicted = await tutelage(['predict', '--task', 'customer-intents', ...store, ...files], { cwd: folder });
    expect(predicted.code).toBe(0);
    let right = 0;
    let rows = 0;
    for await (const row of readRows(join(folder, 'predicted.csv'), { field: 'predicted' })) {
      if ('values' in row && row.values.label === mails[rows++]?.label) right++;
    }
    expect(rows).toBe(42);
    // It was trained on most of these very mails.
    expect(right).toBeGreaterThan(30);

    const alone = await tutelage(['predict', '--task', 'customer-intents', ...store, '--text', 'Where is it?'], {
      cwd: folder,
    });
    expect(alone.code).toBe(2);
    expect(alone.stderr).toContain('several columns (subject, body); use --input');
  });
});
