/** Several people decide on the same texts of an audit; what they see differently is adjudicated. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  importFile,
  type ReviewFolder,
  reviewStatus,
  rowsToAdjudicate,
  rowsToAudit,
  writeReviewFile,
} from '../../src/review/index.js';
import { openFileStore, type Store } from '../../src/store/index.js';
import { AT, LABELS, reviewOf } from './review-of.js';

const [GOOD, BAD] = ['good, better', 'bad'];
const folder = mkdtempSync(join(tmpdir(), 'tutelage-reviewers-'));
let store: Store;
beforeAll(async () => {
  store = await openFileStore(join(folder, 'store'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Sheet {
  readonly purpose: 'audit' | 'adjudication';
  readonly rows: Awaited<ReturnType<typeof rowsToAdjudicate>>;
}

/** Each file is taken over a minute after the one before. */
let minutes = 0;
const now = () => new Date(AT.getTime() + 60_000 * minutes++);

/** Fills in a file with the reviewer's decision about each id, and takes it over. */
async function decide(
  review: ReviewFolder,
  { purpose, rows }: Sheet,
  reviewer: string,
  labelOf: (id: string) => string,
) {
  const path = join(folder, `${randomUUID()}.jsonl`);
  await writeReviewFile(path, null, { purpose, rows, labels: LABELS, guideline: '' });
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  const filled = lines.map((line) => {
    const row = JSON.parse(line) as { id: string };
    return `${JSON.stringify({ ...row, decision: labelOf(row.id) })}\n`;
  });
  writeFileSync(path, filled.join(''));
  const adjudicate = purpose === 'adjudication';
  return importFile(review, { path, format: null, reviewer, replace: false, adjudicate, at: now() });
}

async function audited(review: ReviewFolder, reviewer: string, labelOf: (id: string) => string): Promise<string[]> {
  const { rows } = await rowsToAudit(review, { count: 40, reviewer, again: true, at: now() });
  if (rows.length > 0) await decide(review, { purpose: 'audit', rows }, reviewer, labelOf);
  return rows.map(({ id }) => id);
}

const texts = Array.from({ length: 50 }, (_, index) => `text ${index}`);

it('gives each reviewer the same texts of the audit, takes different opinions, and names the texts they differ on', async () => {
  const review = await reviewOf(store, texts);
  const [first, ...others] = await audited(review, 'ana', () => BAD);
  expect(await audited(review, 'ben', (id) => (id === first ? GOOD : BAD))).toEqual([first, ...others]);
  expect(await audited(review, 'ana', () => BAD)).toEqual([]);
  const status = await reviewStatus(review);
  expect(status).toMatchObject({ sharedTexts: 40, adjudicated: 0, audited: 40 });
  expect(status.differing).toEqual([{ id: first, labels: { ana: BAD, ben: GOOD } }]);
  // 80 votes, one of them "good": observed disagreement 2 of 80, by chance 2 * 79 of 80 * 79.
  expect(status.agreement?.alpha).toBeCloseTo(1 - ((80 - 1) * 2) / (2 * 79), 12);
  expect(status.agreement?.alphaInterval).toMatchObject({ confidence: 0.95 });
  expect(status.agreement?.perLabel[BAD]).toBeCloseTo(status.agreement?.alpha as number, 12);
  expect(status.agreement?.perPair).toEqual([{ first: 'ana', second: 'ben', share: 39 / 40, texts: 40 }]);
  expect(status.certificate).toMatchObject({ sampled: 40, wrong: 1 });
  expect(status.alternativeAnnotator).toMatchObject({ winningRate: 1, people: [{ reviewer: 'ana', texts: 40 }, {}] });
});

it('lets an adjudicator settle what differs, whatever people decide later', async () => {
  const review = await reviewOf(store, texts);
  const [first] = await audited(review, 'ana', () => BAD);
  await audited(review, 'ben', (id) => (id === first ? GOOD : BAD));
  const rows = await rowsToAdjudicate(review);
  expect(rows.map(({ id, why }) => ({ id, why }))).toEqual([
    { id: first, why: [`ana says ${BAD}`, `ben says ${GOOD}`] },
  ]);
  await decide(review, { purpose: 'adjudication', rows }, 'cleo', () => GOOD);
  await audited(review, 'dora', () => BAD);
  const key = rows[0]!.key;
  expect((await review.decisions()).get(key)).toMatchObject({ label: GOOD, reviewer: 'cleo', purpose: 'audit' });
  const status = await reviewStatus(review);
  expect(status).toMatchObject({ adjudicated: 1, differing: [], certificate: { sampled: 40, wrong: 1 } });
  expect(await rowsToAdjudicate(review)).toEqual([]);
  // Who adjudicates has seen what the others say, and is no witness of the test.
  expect(status.alternativeAnnotator?.people.map(({ reviewer }) => reviewer)).toEqual(['ana', 'ben', 'dora']);
});

it('keeps every decision in the log, oldest first', async () => {
  const review = await reviewOf(store, texts);
  await audited(review, 'ana', () => BAD);
  await audited(review, 'ben', () => GOOD);
  const records = (await review.log()).records();
  expect(records).toHaveLength(80);
  expect(new Set(records.map(({ reviewer }) => reviewer))).toEqual(new Set(['ana', 'ben']));
});
