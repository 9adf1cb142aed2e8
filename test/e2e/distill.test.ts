/** tutelage distill from texts to a deployed student, over HTTP: result, files, money. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabelRow } from '../../src/contracts/index.js';
import { readRows } from '../../src/corpus/index.js';
import { newFolder } from '../cli/tutelage-process.js';
import { type DemoFiles, demoFiles, demoReplies, readJsonl } from '../support/demo-data.js';
import { type Finished, resultOf, startUp, tutelage } from '../support/local-run.js';
import { type ReplayTeacher, startTeacher } from '../support/replay-teacher.js';

const VOTES = 3;
const folder = newFolder();
const store = join(folder, 'store-of-distill');
let teacher: ReplayTeacher;
let files: DemoFiles;

beforeAll(async () => {
  [, teacher] = await Promise.all([startUp(folder), startTeacher({ replies: demoReplies, latencyMs: 2 })]);
  files = demoFiles(folder, { rows: 60, gold: 40 });
});

function distill(corpus: string, ...more: string[]): Promise<Finished> {
  const args = ['distill', 'financial-sentiment', '--corpus', corpus, '--gold', files.gold];
  return tutelage([...args, '--teacher-url', teacher.url, '--json', ...more], { cwd: folder });
}

/** The paid requests of one command. */
async function requestsOf<Result>(work: () => Promise<Result>): Promise<{ result: Result; requests: number }> {
  const before = (await teacher.stats()).requests;
  const result = await work();
  return { result, requests: (await teacher.stats()).requests - before };
}

async function labelsIn(path: string): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const row of readRows(path, { field: 'labels' })) if ('values' in row) rows.push(row.values);
  return rows;
}

describe('tutelage distill', () => {
  let first: Finished;

  it('labels, votes, approves, trains, measures and deploys, and prints the promised object on the last line', async () => {
    const run = () => distill(files.corpus, '--approve-as', 'ci', '--store', store, '--labels-out', 'labels.csv');
    const { result: ended, requests } = await requestsOf(run);
    first = ended;

    const announced = `at most ${100 * VOTES} calls to ${new URL(teacher.url).host} (failed ones are repeated)`;
    expect(ended.stderr).toContain(announced);
    expect(ended.stderr).toContain('at a price that is not known (set teacher.price)');
    expect(ended.code).toBe(0);
    expect(requests).toBe(100 * VOTES);
    const check = { name: expect.any(String), value: expect.any(Number), passed: true };
    const gate = {
      decision: 'approve',
      reviewer: 'ci',
      automatic: true,
      checks: expect.arrayContaining([expect.objectContaining(check)]),
    };
    const figures = { accuracy: expect.any(Number), macroF1: expect.any(Number) };
    expect(ended.json).toMatchObject({
      workflowId: expect.stringMatching(/^financial-sentiment-[0-9a-f]{8}$/),
      annotation: { texts: 60, calls: 60 * VOTES, unreadable: 1, labelled: 60, uncertain: 0, costUsd: null },
      labels: { uri: expect.stringMatching(/^file:\/\//), alpha: expect.any(Number) },
      gates: { labels: gate, deployment: gate },
      student: { kind: 'linear', uri: expect.stringMatching(/^file:\/\//), trainSeconds: expect.any(Number) },
      evaluation: { rows: 40, teacher: figures, student: figures },
      deployment: { version: 1, uri: expect.stringMatching(/^file:\/\//) },
    });
    // Of the 40 gold rows' recorded majorities, one is wrong on purpose.
    expect(resultOf(ended).evaluation?.teacher?.accuracy).toBeCloseTo(39 / 40, 9);
    expect(readFileSync(join(folder, 'labels.csv'), 'utf8')).toMatch(/^id,text,label,agreement,reason,source,line\n/);
  });

  it('asks nothing again when it is given the same texts, whatever the format of the labels', async () => {
    const run = async () => [
      await distill(files.corpus, '--approve-as', 'ci', '--store', store, '--labels-out', 'labels.jsonl'),
      await distill(files.corpus, '--approve-as', 'ci', '--store', store, '--labels-out', 'labels.parquet'),
    ];
    const { result: ended, requests } = await requestsOf(run);

    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect(requests).toBe(0);
    // The same student is the same version.
    expect(ended.map((each) => resultOf(each).deployment)).toEqual([0, 1].map(() => resultOf(first).deployment));
    const { annotation } = resultOf(first);
    const nothing = { calls: 0, costUsd: 0 };
    const teachers = annotation.teachers.map((each) => ({ ...each, ...nothing }));
    expect(ended.map((each) => resultOf(each).annotation)).toEqual(
      ended.map(() => ({ ...annotation, ...nothing, reused: 60 * VOTES, teachers })),
    );
    const [csv, jsonl, parquet] = await Promise.all(
      ['labels.csv', 'labels.jsonl', 'labels.parquet'].map((name) => labelsIn(join(folder, name))),
    );
    expect(jsonl).toHaveLength(60);
    expect(jsonl?.map(({ id, text }) => ({ id, text }))).toEqual(files.rows.map(({ id, text }) => ({ id, text })));
    expect(parquet).toEqual(jsonl);
    const asText = (value: unknown) => (value === null ? '' : String(value));
    const allText = (row: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asText(value)]));
    expect(csv?.map(allText)).toEqual(jsonl?.map(allText));
  });

  it('pays for the new texts only when the corpus has grown by a tenth', async () => {
    const grown = demoFiles(folder, { rows: 66, gold: 40 });
    const { result: ended, requests } = await requestsOf(() =>
      distill(grown.corpus, '--approve-as', 'ci', '--store', store),
    );

    expect(ended.code).toBe(0);
    expect(requests).toBe(6 * VOTES);
    expect(resultOf(ended).annotation).toMatchObject({ texts: 66, calls: 6 * VOTES, reused: 60 * VOTES });
    expect(resultOf(ended).deployment?.version).toBe(2);
  });

  it('leaves a student that answers and versions that say where they come from', async () => {
    const text = 'Operating profit rose to EUR 13.1 million from EUR 8.7 million a year earlier.';
    const one = await tutelage(['predict', '--task', 'financial-sentiment', '--store', store, '--text', text], {
      cwd: folder,
    });
    const scores = one.json as { label: string; score: number }[];
    expect(scores.map(({ label }) => label).sort()).toEqual(['negative', 'neutral', 'positive']);
    expect(scores[0]?.label).toBe('positive');
    expect(scores.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5);

    const many = await tutelage(
      ['predict', '--task', 'financial-sentiment', '--store', store, '--input', files.corpus, '--output', 'out.jsonl'],
      { cwd: folder },
    );
    expect(many.code).toBe(0);
    const predicted = readJsonl<{ id: string; label: string }>(join(folder, 'out.jsonl'));
    expect(predicted.map(({ id }) => id)).toEqual(files.rows.map(({ id }) => id));
    // It was trained on these very texts.
    const right = predicted.filter(({ label }, index) => label === files.rows[index]?.reference).length;
    expect(right).toBeGreaterThan(0.9 * files.rows.length);

    const { json } = await tutelage(['models', '--store', store, '--json'], { cwd: folder });
    const versions = json as { version: number; deployed: boolean; provenance: Record<string, unknown> }[];
    expect(versions.map(({ version, deployed }) => ({ version, deployed }))).toEqual([
      { version: 1, deployed: false },
      { version: 2, deployed: true },
    ]);
    expect(versions[0]?.provenance).toMatchObject({
      workflowId: resultOf(first).workflowId,
      approvedBy: 'ci',
      seed: 42,
      teachers: [{ name: 'teacher', provider: 'huggingface', model: 'replay', host: new URL(teacher.url).host }],
    });
  });

  it('leaves replies from which the run can be repeated without a teacher', async () => {
    const replies = new URL(resultOf(first).labels?.replies ?? '').pathname;
    const args = ['distill', 'financial-sentiment', '--corpus', files.corpus, '--gold', files.gold];
    const more = ['--replies', replies, '--approve-as', 'ci', '--store', join(folder, 'store-of-the-repeat'), '--json'];
    const { result: ended, requests } = await requestsOf(() => tutelage([...args, ...more], { cwd: folder }));

    expect(ended.code).toBe(0);
    expect(requests).toBe(0);
    const labelsOf = (finished: Finished) =>
      readJsonl<LabelRow>(new URL(resultOf(finished).labels?.uri ?? '').pathname).map(({ key, label, votes }) => ({
        key,
        label,
        votes,
      }));
    expect(labelsOf(ended)).toEqual(labelsOf(first));
    expect(resultOf(ended).evaluation?.student).toEqual(resultOf(first).evaluation?.student);
  });
});

describe('the budget of a run', () => {
  it('is never passed in calls; what it did not suffice for is a failed check', async () => {
    const limit = 70;
    const { result: ended, requests } = await requestsOf(() =>
      distill(files.corpus, '--approve-as', 'ci', '--max-calls', String(limit), '--store', join(folder, 'store-calls')),
    );

    expect(ended.code).toBe(3);
    expect(requests).toBeLessThanOrEqual(limit);
    expect(requests).toBeGreaterThan(limit - VOTES);
    const { annotation, gates, student } = resultOf(ended);
    expect(annotation.labelled).toBeLessThan(60);
    expect(student).toBeNull();
    const check = gates.labels?.checks.find(({ name }) => name === 'budget sufficed');
    expect(check).toMatchObject({ passed: false, limit: 0 });
    expect(check?.value).toBeGreaterThanOrEqual(100 - Math.floor(limit / VOTES));
    expect(ended.stderr).toContain('budget sufficed');
  });

  it("is never passed in dollars, by the teacher's own count of tokens", async () => {
    const price = { inputPerMillion: 1, outputPerMillion: 2 };
    const limitUsd = 0.08;
    const { result: ended, requests } = await requestsOf(() =>
      distill(
        files.corpus,
        ...['--approve-as', 'ci', '--max-usd', String(limitUsd), '--store', join(folder, 'store-dollars')],
        ...['--set', `teacher.price=${JSON.stringify(price)}`],
      ),
    );

    expect(ended.stderr).toContain(`at most $${limitUsd.toFixed(2)}`);
    expect(ended.code).toBe(3);
    const { annotation, gates, labels } = resultOf(ended);
    expect(gates.labels?.checks).toContainEqual(expect.objectContaining({ name: 'budget sufficed', passed: false }));
    expect(requests).toBeGreaterThan(30);
    const replies = readJsonl<{ inputTokens: number; outputTokens: number }>(new URL(labels?.replies ?? '').pathname);
    const spent = replies.reduce(
      (sum, { inputTokens, outputTokens }) =>
        sum + (inputTokens * price.inputPerMillion + outputTokens * price.outputPerMillion) / 1e6,
      0,
    );
    expect(spent).toBeLessThanOrEqual(limitUsd);
    // As near as the worst price of a call lets it come: 1000 tokens of reply, and the prompt's bytes as tokens.
    expect(spent).toBeGreaterThan(limitUsd - 0.01);
    expect(annotation.costUsd).toBeGreaterThan(0);
    expect(annotation.costUsd).toBeLessThanOrEqual(limitUsd);
  });
});
