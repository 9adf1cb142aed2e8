/** Gold labels go out to be looked at and come back disputed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabelRow } from '../../src/contracts/index.js';
import { type ReviewFolder, takeDisputes, writeDisputable } from '../../src/review/index.js';
import { openFileStore } from '../../src/store/index.js';
import { AT, reviewOf } from './review-of.js';

const folder = mkdtempSync(join(tmpdir(), 'tutelage-disputes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let review: ReviewFolder;

function goldRow(index: number, gold: string | null, teacherLabel: string, gateGold = false): LabelRow {
  const vote = { prompt: 'reasoned' as const, sample: 0, label: teacherLabel, reason: 'so', unreadable: null };
  return {
    key: `key-${index}`,
    id: `g${index}`,
    text: `=text ${index}`,
    line: index + 1,
    label: teacherLabel,
    distribution: { [teacherLabel]: 1 },
    agreement: 1,
    reason: 'so',
    votes: [vote],
    source: 'teacher',
    correctedBy: null,
    teacherLabel,
    gold,
    gateGold,
    set: 'gold',
  };
}

beforeAll(async () => {
  const store = await openFileStore(join(folder, 'store'));
  review = await reviewOf(store, ['a']);
  const rows = [
    goldRow(0, 'bad', 'bad'),
    goldRow(1, 'bad', 'good'),
    goldRow(2, 'bad', 'good', true),
    goldRow(3, null, 'bad'),
    { ...goldRow(4, 'bad', 'bad'), id: 'twice' },
    { ...goldRow(5, 'bad', 'bad'), id: 'twice' },
  ];
  await store.write(`${review.runFolder}/vote/labels.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});

function file(...rows: object[]): string {
  const path = join(folder, 'disputed.jsonl');
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

it('gives out the rows that measure and on which the teacher disagrees', async () => {
  const path = join(folder, 'gold.jsonl');
  expect(await writeDisputable(review, path)).toBe(1);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
    id: 'g1',
    gold: 'bad',
    teacher: 'good',
    disputed: '',
    text: "'=text 1",
    votes: 'good: so',
  });
});

it('refuses a file with an unknown or repeated id, and takes nothing of it', async () => {
  const path = file(
    { id: 'g1', disputed: 'it is good' },
    { id: 'g1', disputed: 'twice' },
    { id: 'g3', disputed: 'no gold' },
  );
  const taken = takeDisputes(review, { path, reviewer: 'ana', at: AT });
  await expect(taken).rejects.toThrow(/line 2 repeats the id "g1".*line 3: "g3" is not the id of a gold row/);
  expect((await review.disputes()).size).toBe(0);
});

it('takes disputes about any row that measures, with reviewer and time; an empty cell disputes nothing', async () => {
  const path = file({ id: 'g1', disputed: '' }, { id: 'g0', disputed: ' both are wrong ' });
  expect(await takeDisputes(review, { path, reviewer: 'ana', at: AT })).toBe(1);
  expect([...(await review.disputes()).values()]).toEqual([
    { key: 'key-0', id: 'g0', gold: 'bad', note: 'both are wrong', reviewer: 'ana', at: AT.toISOString() },
  ]);
});

it('tells rows with the same id by their texts', async () => {
  const take = (path: string) => takeDisputes(review, { path, reviewer: 'ana', at: AT });
  await expect(take(file({ id: 'twice', disputed: 'wrong' }))).rejects.toThrow(
    'line 1: "twice" is the id of 2 gold rows: give the column text as it was exported',
  );
  expect((await review.disputes()).has('key-5')).toBe(false);
  expect(await take(file({ id: 'twice', disputed: 'wrong', text: "'=text 5" }))).toBe(1);
  expect((await review.disputes()).get('key-5')).toMatchObject({ id: 'twice', note: 'wrong' });
  expect((await review.disputes()).has('key-4')).toBe(false);
});
