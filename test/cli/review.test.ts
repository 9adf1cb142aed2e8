/** A review from the ranking to the certificate: the activities of a run, and between them a person with files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities } from '../../src/activities/index.js';
import { openReview } from '../../src/cli/open-review.js';
import { registerReview } from '../../src/cli/review.js';
import { type LabelRow, type RankOutcome, Task, type VoteOutcome } from '../../src/contracts/index.js';
import { openStore, type Store, workflowFolder } from '../../src/store/index.js';
import { toyExamples, toyLabels } from '../students/training-job.js';
import { labelRow } from '../support/label-row.js';
import { preparedRun } from '../workflows/prepared-run.js';
import { VOTED } from '../workflows/stand-in-activities.js';
import { runCommand } from './run-command.js';

const RUN = 'weather 1';
const TEXTS = 90;
/** Rows whose label the teacher got wrong. */
const WRONG = [4, 20, 50];
const UNLABELLED = 8;

let folder: string;
let store: Store;
let ranked: RankOutcome;
let labels: LabelRow[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tutelage-review-cli-'));
  store = await openStore(join(folder, 'store'));
  const task = Task.parse({
    name: 'weather',
    kind: 'text-classification',
    labels: toyLabels.map((name) => ({ name })),
    gates: { labels: { maxErrorShare: 0.2 } },
  });
  await store.write(`${run().folder}/prepare/task.json`, JSON.stringify(task));
  labels = toyExamples(TEXTS).map(({ target, text }, index) => rowOf(index, text, target.indexOf(1)));
  const ref = await store.write(
    `${run().folder}/vote/labels.jsonl`,
    labels.map((row) => `${JSON.stringify(row)}\n`).join(''),
  );
  const student = await createActivities.student({ store, env: {}, teacherWorkers: () => 1 });
  ranked = await activity(student.rankDoubts, { prepared: prepared(), labels: ref });
});
afterAll(() => rmSync(folder, { recursive: true }));

function run() {
  return { workflowId: RUN, folder: `${workflowFolder(RUN)}/first`, store: store.ref };
}

function prepared() {
  return preparedRun(RUN, { run: run(), labels: toyLabels });
}

function activity<Input, Result>(work: (input: Input) => Promise<Result>, input: Input): Promise<Result> {
  return new MockActivityEnvironment().run(work, input);
}

/** The teacher's label is the next one for a wrong row; one of three votes then says otherwise. */
function rowOf(index: number, text: string, truth: number): LabelRow {
  const wrong = WRONG.includes(index);
  const name = toyLabels[(truth + (wrong ? 1 : 0)) % 3]!;
  const votes = [name, name, wrong ? toyLabels[truth]! : name];
  return labelRow(index === UNLABELLED ? null : name, {
    key: `key-${String(index).padStart(3, '0')}`,
    id: `id-${index}`,
    text: `${text} ${index}`,
    line: index + 1,
    votes: votes.map((vote, sample) => ({ prompt: 'reasoned', sample, label: vote, reason: null, unreadable: null })),
  });
}

/** The label that a person would give. */
function truthOf(id: string): string {
  return toyLabels[toyExamples(TEXTS)[Number(id.slice('id-'.length))]!.target.indexOf(1)]!;
}

const command = async (...args: string[]) =>
  (await runCommand(registerReview, ['review', ...args, '--store', join(folder, 'store')])).stdout;

/** Decides on every row of a JSONL review file, and returns the ids. */
function decideAll(path: string): string[] {
  const rows = readFileSync(path, 'utf8').trim().split('\n');
  const decided = rows.map((line) => JSON.parse(line)).map((row) => ({ ...row, decision: truthOf(row.id) }));
  writeFileSync(path, decided.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return decided.map(({ id }) => id);
}

describe('a review', () => {
  it('ranks what has no label first, then the labels that are wrong, and says how to review them', async () => {
    const rows = readFileSync(join(folder, 'store', ranked.queue.rows.path), 'utf8')
      .trim()
      .split('\n');
    const ids = rows.map((line) => JSON.parse(line).id);
    expect(ids).toHaveLength(TEXTS);
    expect(ids[0]).toBe(`id-${UNLABELLED}`);
    expect(ids.slice(1, 4).sort()).toEqual(WRONG.map((index) => `id-${index}`).sort());
    expect(JSON.parse(rows[1]!).why.join()).toMatch(/of 3 votes 1 says .*a student that had not seen the label says/);
    expect(ranked.evidence).toContain(`tutelage review ${RUN} --as YOUR-NAME\n`);
    expect(ranked.evidence).toContain(`tutelage review export ${RUN} --output fix.xlsx --rows 9`);
  });

  it('goes out and in as files, audits, and certifies the labels at the gate', async () => {
    const fix = join(folder, 'fix.jsonl');
    expect(await command('export', RUN, '--output', fix, '--rows', '3')).toContain('the 3 most doubtful');
    expect(decideAll(fix)).toHaveLength(3);
    expect(await command('import', RUN, fix, '--as', 'ana')).toContain('3 decisions taken over, 0 rows left open');

    const audit = join(folder, 'audit.jsonl');
    const drawn = await command('export', RUN, '--output', audit, '--audit', '60', '--as', 'ben');
    // 89 labels, less the two that ana decided on.
    expect(drawn).toContain('60 texts drawn at random from 87 labels');
    expect(Object.keys(JSON.parse(readFileSync(audit, 'utf8').split('\n')[0]!))).toEqual(['id', 'decision', 'text']);
    const audited = decideAll(audit);
    const found = audited.filter((id) => WRONG.some((index) => id === `id-${index}`)).length;
    await command('import', RUN, audit, '--as', 'ben');
    const status = JSON.parse(await command('status', RUN, '--json'));
    expect(status).toMatchObject({ decided: 63, audited: 60, byReviewer: { ana: 3, ben: 60 } });

    const review = await openReview(RUN, join(folder, 'store'));
    const corrections = `store:${await review.writeCorrections((await review.decisions()).values())}`;
    const orchestrator = await createActivities.orchestrator({ store, env: {}, teacherWorkers: () => 1 });
    const summary: VoteOutcome['summary'] = { ...VOTED.summary, labels: await labelsRef() };
    const vote = { prepared: prepared(), failedChunks: 0, incompleteTexts: 0 };
    const outcome = await activity(orchestrator.applyCorrections, { vote, summary, corrections, reviewer: 'carl' });
    expect(outcome.changed).toBe(1 + 2 + found);
    expect(outcome.summary.certificate).toEqual(status.certificate);
    expect(outcome.summary.certificate).toMatchObject({ labels: 90, population: 87, sampled: 60, wrong: found });
    expect(outcome.evidence).toContain(
      `of the labels are wrong (${status.certificate.mostWrong} of 90), at 95 % confidence`,
    );
    const check = outcome.checks.find(({ name }) => name === 'certified error share');
    expect(check).toMatchObject({ value: status.certificate.mostWrongShare, limit: 0.2, passed: true });
    const shipped = readFileSync(join(folder, 'store', outcome.summary.labels.path), 'utf8')
      .trim()
      .split('\n');
    const people = shipped.map((line) => JSON.parse(line)).map(({ correctedBy }) => correctedBy);
    expect(people.filter((name) => name === 'ana')).toHaveLength(3);
    expect(people.filter((name) => name === 'ben')).toHaveLength(60);
  });

  it('says where there is none', async () => {
    await expect(command('status', 'another')).rejects.toThrow('the store has no review queue of another');
    await expect(command('export', RUN, '--output', 'x.csv', '--audit', '9')).rejects.toThrow('who draws it');
    await expect(command('export', RUN, '--output', join(folder, 'x.txt'))).rejects.toThrow('.txt');
    await expect(command('export', RUN, '--output', 'x.csv', '--as', 'ana', '--rows', '0')).rejects.toThrow();
  });

  it.each([
    [['export', '--output', 'x.csv', '--again'], '--again is of an audit'],
    [
      ['export', '--output', 'x.csv', '--audit', '9', '--rows', '9', '--as', 'ana'],
      "cannot be used with option '--rows",
    ],
    [['export', '--output', 'x', '--format', 'argilla', '--workspace', 'team'], '--workspace is of a server'],
    [['export', '--output', 'x', '--format', 'cleanlab', '--differing'], 'cleanlab judges all labels at once'],
    [['import', 'x.csv', '--as', ' '], 'It must be the name of who decides.'],
  ])('refuses %j, which can mean nothing', async ([name, ...args], problem) => {
    await expect(command(name as string, RUN, ...args)).rejects.toThrow(problem);
  });
});

async function labelsRef() {
  return store.write(`${run().folder}/vote/labels.jsonl`, labels.map((row) => `${JSON.stringify(row)}\n`).join(''));
}
