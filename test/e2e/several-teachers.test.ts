/** A cheap teacher first, a dear one for the texts whose votes differ: over HTTP, with the command line, to the labels. */
import { join } from 'node:path';
import type { LabelRow } from '../../src/contracts/index.js';
import { newFolder } from '../cli/tutelage-process.js';
import { type DemoFiles, demoFiles, demoReplies, readJsonl, writeJsonl } from '../support/demo-data.js';
import { type Finished, resultOf, startUp, tutelage } from '../support/local-run.js';
import { type ReplayTeacher, startTeacher } from '../support/replay-teacher.js';

interface Reply {
  readonly text: string;
  readonly sample: number;
  readonly content: string;
}

const PRICE = { inputPerMillion: 1, outputPerMillion: 2 };
const DEAR_PRICE = { inputPerMillion: 10, outputPerMillion: 20 };
const PLAN = [
  { prompt: 'reasoned', samples: 2 },
  { prompt: 'reasoned', teacher: 'dear', when: 'disagreement' },
];
const folder = newFolder();
let files: DemoFiles;
let replies: string;
let cheap: ReplayTeacher;
let dear: ReplayTeacher;
let args: string[];
/** Texts of corpus and gold rows of whose first two recorded replies one contradicts the other. */
let disputed: Set<string>;

beforeAll(async () => {
  files = demoFiles(folder, { rows: 60, gold: 40 });
  const texts = [...files.rows, ...files.goldRows].map(({ text, label, reference }) => ({
    text,
    label: label ?? reference,
  }));
  const wanted = new Set(texts.map(({ text }) => text));
  const recorded = readJsonl<Reply>(demoReplies).filter(({ text }) => wanted.has(text));
  const agreed = recorded.map((reply) => ({ ...reply, teacher: 'teacher' }));
  // Every tenth text is disputed, whatever was recorded.
  disputed = new Set([...wanted].filter((_, index) => index % 10 === 0));
  for (const { text, label } of texts) {
    const [first, second] = [0, 1].map(
      (sample) => agreed.find((each) => each.text === text && each.sample === sample)!,
    );
    const other = label === 'neutral' ? 'positive' : 'neutral';
    first!.content = JSON.stringify({ reason: 'It says so.', label });
    second!.content = JSON.stringify({ reason: 'It may be.', label: disputed.has(text) ? other : label });
  }
  const dearReplies = texts.map(({ text, label }) => {
    const content = JSON.stringify({ reason: 'On a closer look it says so.', label });
    return { text, teacher: 'dear', prompt: 'reasoned', sample: 0, content };
  });
  replies = writeJsonl(join(folder, 'replies.jsonl'), [...agreed, ...dearReplies]);
  [, cheap, dear] = await Promise.all([
    startUp(folder),
    startTeacher({ replies }),
    startTeacher({ replies, teacher: 'dear' }),
  ]);
  const set = {
    'teacher.price': PRICE,
    'teachers.dear': { url: dear.url, price: DEAR_PRICE },
    'votes.plan': PLAN,
  };
  const overrides = Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${JSON.stringify(value)}`]);
  args = [
    'financial-sentiment',
    '--corpus',
    files.corpus,
    '--gold',
    files.gold,
    '--teacher-url',
    cheap.url,
    ...overrides,
  ];
});

function run(command: string, ...more: string[]): Promise<Finished> {
  return tutelage([command, ...args, '--json', ...more], { cwd: folder });
}

function labelsOf(ended: Finished): LabelRow[] {
  return readJsonl<LabelRow>(new URL(resultOf(ended).labels?.uri ?? '').pathname);
}

describe('a cheap teacher and a dear one', () => {
  let ended: Finished;

  it('are both in the plan, with their hosts, terms and a range of calls', async () => {
    const { json } = await run('plan');
    expect(json).toMatchObject({
      hosts: [cheap, dear].map(({ url }) => new URL(url).host),
      teachers: [{ name: 'teacher' }, { name: 'dear', terms: expect.stringContaining('not known here') }],
    });
    const { figures } = json as { figures: { name: string; low: number; high: number }[] };
    expect(figures).toContainEqual(
      expect.objectContaining({ name: 'calls without early stopping', low: 200, high: 300 }),
    );
    expect(figures).toContainEqual(expect.objectContaining({ name: 'calls to dear', low: 0, high: 100 }));
    expect((await dear.stats()).requests).toBe(0);
  });

  it('label: the dear one is asked where votes differ, and decides', async () => {
    ended = await run('distill', '--until', 'vote');
    expect(ended.code).toBe(0);
    const labels = labelsOf(ended);
    for (const { text, votes, label } of labels) {
      const ofDear = votes.filter(({ teacher }) => teacher === 'dear');
      expect(ofDear).toHaveLength(disputed.has(text) ? 1 : 0);
      if (disputed.has(text)) expect(label).toBe(ofDear[0]?.label);
    }
    expect(labels.filter(({ text }) => disputed.has(text))).toHaveLength(10);
  });

  it("are told apart in the run's figures, which the teachers' own books confirm", async () => {
    const { annotation } = resultOf(ended);
    const [ofCheap, ofDear] = await Promise.all([cheap.stats(), dear.stats()]);
    expect(ofCheap.requests).toBe(200);
    // The probe asks about the first text, whether or not it is disputed.
    expect([10, 11]).toContain(ofDear.requests);
    expect(annotation.escalated).toBe(6);
    expect(annotation.teachers.map(({ name }) => name)).toEqual(['teacher', 'dear']);
    const [cheapPart, dearPart] = annotation.teachers;
    // Of the corpus alone; the gold rows are counted apart.
    expect(cheapPart?.calls).toBe(120);
    expect([6, 7]).toContain(dearPart?.calls);
    expect(cheapPart!.costUsd! + dearPart!.costUsd!).toBeCloseTo(annotation.costUsd!, 9);
    expect(annotation.escalationUsd).toBeLessThanOrEqual(dearPart!.costUsd!);
    expect(annotation.escalationUsd).toBeGreaterThan(0);
  });

  it('answer again from the replies that the run left', async () => {
    const left = new URL(resultOf(ended).labels?.replies ?? '').pathname;
    const again = await run('distill', '--until', 'vote', '--replies', left, '--store', join(folder, 'again'));
    expect(again.stderr).toContain('nothing is paid');
    const essence = (rows: LabelRow[]) => rows.map(({ id, label, votes }) => ({ id, label, votes: votes.length }));
    expect(essence(labelsOf(again))).toEqual(essence(labelsOf(ended)));
  });

  it('are refused where one could not be told from the other', async () => {
    const same = await run('distill', '--until', 'vote', '--set', `teachers.dear.url=${cheap.url}`);
    expect(same.code).toBe(2);
    expect(same.stderr).toContain('teachers.dear.model: replay is also the model of teacher');
  });
});
