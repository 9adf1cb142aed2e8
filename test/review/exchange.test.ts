/** Review files out and in, through a real store: JSONL, CSV and XLSX. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import {
  type CheckedSheet,
  importFile,
  type ReviewFolder,
  reviewStatus,
  rowsToAudit,
  rowsToFix,
  takeSheet,
  writeReviewFile,
} from '../../src/review/index.js';
import { readSheet } from '../../src/review/read-sheet.js';
import { cellText, idInCell } from '../../src/review/sheet.js';
import { openFileStore, type Store } from '../../src/store/index.js';
import { hostileIds, hostileTexts } from '../support/hostile-rows.js';
import { AT, HOSTILE, LABELS, reviewOf } from './review-of.js';

/** Of the hostile rows. */
const SEED = Number(process.env.TUTELAGE_SEED ?? 673_653);

const ANA = { reviewer: 'ana', replace: false, at: AT };

const folder = mkdtempSync(join(tmpdir(), 'tutelage-review-'));
let store: Store;
beforeAll(async () => {
  store = await openFileStore(join(folder, 'store'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function exported(review: ReviewFolder, extension: string, count = 1000): Promise<string> {
  const path = join(folder, `${randomUUID()}.${extension}`);
  await writeReviewFile(path, null, {
    purpose: 'fix',
    rows: await rowsToFix(review, count),
    labels: LABELS,
    guideline: '',
  });
  return path;
}

async function importSheet(
  review: ReviewFolder,
  path: string,
  options: { reviewer: string; replace: boolean; at: Date },
): Promise<CheckedSheet> {
  return (await importFile(review, { ...options, path, format: null })) as CheckedSheet;
}

/** Fills in the file as a person would: the decisions by id; other cells by id and column. */
async function fillIn(
  path: string,
  decisions: Record<string, string>,
  others: Record<string, Record<string, string>> = {},
): Promise<void> {
  const sheet = await readSheet(path);
  const rows = sheet.rows.map(({ values }) => {
    const id = String(values.id);
    return { ...values, ...(decisions[id] === undefined ? {} : { decision: decisions[id] }), ...others[id] };
  });
  if (path.endsWith('.jsonl')) writeFileSync(path, rows.map((each) => `${JSON.stringify(each)}\n`).join(''));
  else {
    const quoted = (value: unknown) => `"${String(value ?? '').replaceAll('"', '""')}"`;
    const lines = [sheet.columns, ...rows.map((each) => sheet.columns.map((column) => Reflect.get(each, column)))];
    writeFileSync(path, lines.map((line) => `${line.map(quoted).join(',')}\n`).join(''));
  }
}

/** Changes the XML of a workbook's first sheet. */
function editWorkbook(path: string, edit: (xml: string) => string): void {
  const files = unzipSync(readFileSync(path));
  const name = 'xl/worksheets/sheet1.xml';
  const edited = edit(strFromU8(files[name]!));
  writeFileSync(path, zipSync({ ...files, [name]: strToU8(edited) }));
}

/** The cell of a sheet's XML replaced by one with a text. */
function withText(xml: string, address: string, text: string): string {
  const cell = new RegExp(`<c r="${address}"([^>]*?)(/>|>.*?</c>)`, 's');
  if (!cell.test(xml)) throw new Error(`no cell ${address}`);
  return xml.replace(cell, () => textCell(address, text));
}

function textCell(address: string, text: string): string {
  return `<c r="${address}" t="inlineStr"><is><t>${text}</t></is></c>`;
}

describe.each(['xlsx', 'csv', 'jsonl'])('a review file (%s)', (extension) => {
  it('comes back untouched with hostile texts, and decides nothing', async () => {
    const review = await reviewOf(store, HOSTILE);
    const path = await exported(review, extension);
    expect(await importSheet(review, path, ANA)).toMatchObject({ decisions: [], undecided: HOSTILE.length });
    expect((await review.decisions()).size).toBe(0);
  });
});

describe.each(['csv', 'jsonl'])('a filled-in review file (%s)', (extension) => {
  it('is taken over with reviewer and time, and what was decided is not exported again', async () => {
    const review = await reviewOf(store, ['a', 'b', 'c']);
    const path = await exported(review, extension, 2);
    await fillIn(path, { 'id 0': ' Good, Better ', 'id 1': 'bad' });
    await importSheet(review, path, ANA);
    expect([...(await review.decisions()).values()]).toEqual([
      { key: 'key-0', id: 'id 0', label: 'good, better', purpose: 'fix', reviewer: 'ana', at: AT.toISOString() },
      { key: 'key-1', id: 'id 1', label: 'bad', purpose: 'fix', reviewer: 'ana', at: AT.toISOString() },
    ]);
    expect((await rowsToFix(review, 10)).map(({ id }) => id)).toEqual(['id 2']);
    expect(await reviewStatus(review)).toMatchObject({
      texts: 3,
      decided: 2,
      corrected: 1,
      byReviewer: { ana: 2 },
      audited: null,
    });
  });

  it('is refused whole, with every problem at its place', async () => {
    const review = await reviewOf(store, ['a', 'b', 'c', 'd', 'e']);
    const path = await exported(review, extension);
    await fillIn(
      path,
      { 'id 0': 'bad', 'id 1': 'bed', 'id 4': '=A1' },
      { 'id 1': { text: 'changed' }, 'id 2': { id: 'id 0' }, 'id 3': { id: 'unknown' } },
    );
    const first = extension === 'csv' ? 2 : 1;
    const line = (index: number) => `line ${first + index}`;
    await expect(importSheet(review, path, ANA)).rejects.toMatchObject({
      name: 'ReviewFileError',
      problems: [
        `${line(1)}, text is not the text that was exported`,
        `${line(1)}, decision is none of the labels: "bed" (did you mean "bad"?)`,
        `${line(2)}, id repeats the id of ${line(0)}, id`,
        `${line(3)}, id is not the id of a text of this run`,
        `${line(4)}, decision holds a formula`,
      ],
    });
    expect((await review.decisions()).size).toBe(0);
  });

  it("keeps another person's decision unless it is to be replaced", async () => {
    const review = await reviewOf(store, ['a', 'b']);
    const path = await exported(review, extension);
    await fillIn(path, { 'id 0': 'bad' });
    await importSheet(review, path, ANA);
    await fillIn(path, { 'id 0': 'good, better' });
    const ben = { reviewer: 'ben', at: new Date('2026-01-03T00:00:00Z') };
    await expect(importSheet(review, path, { ...ben, replace: false })).rejects.toThrow(
      'decision says good, better, and ana decided bad',
    );
    expect((await review.decisions()).get('key-0')).toMatchObject({ label: 'bad', reviewer: 'ana' });
    await importSheet(review, path, { ...ben, replace: true });
    expect((await review.decisions()).get('key-0')).toMatchObject({ label: 'good, better', reviewer: 'ben' });
    expect(await reviewStatus(review)).toMatchObject({
      sharedTexts: 1,
      differing: [{ id: 'id 0', labels: { ana: 'bad', ben: 'good, better' } }],
    });
  });
});

describe('a workbook', () => {
  it('has a drop-down of the labels, a frozen header and redder rows for more doubt', async () => {
    const review = await reviewOf(store, ['a', 'b']);
    const files = unzipSync(readFileSync(await exported(review, 'xlsx')));
    const sheet = strFromU8(files['xl/worksheets/sheet1.xml']!);
    expect(sheet).toContain('sqref="D2:D3"><formula1>labels!$A$2:$A$3</formula1>');
    expect(sheet).toMatch(/<pane [^>]*ySplit="1"/);
    const styles = strFromU8(files['xl/styles.xml']!);
    // Doubts 1 and 0.5: 255 - 110 and 255 - 55.
    expect(styles.toLowerCase()).toContain('ff9191');
    expect(styles.toLowerCase()).toContain('ffc8c8');
  });

  it('is taken over with what a spreadsheet program wrote into its cells', async () => {
    const review = await reviewOf(store, ['a', 'b']);
    const path = await exported(review, 'xlsx');
    editWorkbook(path, (xml) => withText(xml, 'D3', 'good, better'));
    await importSheet(review, path, ANA);
    expect([...(await review.decisions()).values()]).toMatchObject([{ id: 'id 1', label: 'good, better' }]);
  });

  it('is refused whole for a formula, an unknown label and a changed text, by cell', async () => {
    const review = await reviewOf(store, ['a', 'b', 'c', 'd']);
    const path = await exported(review, 'xlsx');
    editWorkbook(path, (xml) => {
      const formula = withText(xml, 'D2', 'bad').replace(
        /<c r="D2"[^>]*>.*?<\/c>/s,
        '<c r="D2" t="str"><f>"b"&amp;"ad"</f><v>bad</v></c>',
      );
      return withText(withText(withText(formula, 'D3', 'awful'), 'E4', 'changed'), 'D5', 'bad');
    });
    await expect(importSheet(review, path, ANA)).rejects.toMatchObject({
      problems: [
        'cell D2 holds a formula',
        'cell D3 is none of the labels: "awful"',
        'cell E4 is not the text that was exported',
      ],
    });
    expect((await review.decisions()).size).toBe(0);
  });

  it('is refused for an error that a cell holds: it is no empty cell', async () => {
    const review = await reviewOf(store, ['a', 'b', 'c']);
    const path = await exported(review, 'xlsx');
    editWorkbook(path, (xml) =>
      withText(withText(xml, 'D2', 'bad'), 'D3', 'bad').replace(
        /<c r="D3"[^>]*>.*?<\/c>/s,
        '<c r="D3" s="5" t="e"><v>#N/A</v></c>',
      ),
    );
    await expect(importSheet(review, path, ANA)).rejects.toMatchObject({
      problems: ['cell D3 is none of the labels: "#N/A"'],
    });
  });

  it('is found in its sheet and by its name, and is refused where it is none', async () => {
    const review = await reviewOf(store, ['a', 'b']);
    const path = await exported(review, 'xlsx');
    editWorkbook(path, (xml) =>
      withText(xml, 'D3', 'bad').replace(
        '<c r="D3" t="inlineStr"><is><t>bad</t></is></c>',
        '<c r="D3" t="str"><f>"bad"</f><v>bad</v></c>',
      ),
    );
    // The other sheet is drawn to the front.
    const files = unzipSync(readFileSync(path));
    const workbook = strFromU8(files['xl/workbook.xml']!).replace(/(<sheet [^>]*\/>)(<sheet [^>]*\/>)/, '$2$1');
    expect(workbook).toMatch(/name="labels".*name="review"/);
    writeFileSync(path, zipSync({ ...files, 'xl/workbook.xml': strToU8(workbook) }));
    await expect(importSheet(review, path, ANA)).rejects.toMatchObject({ problems: ['cell D3 holds a formula'] });
    writeFileSync(path, 'id,decision');
    await expect(importSheet(review, path, ANA)).rejects.toThrow(
      `${path}: nothing was taken over: it is no workbook: `,
    );
  });

  it('carries 10,000 hostile rows there and back, to the last character, and names the cells that were changed', async () => {
    const [texts, ids] = [hostileTexts(SEED, 10_000), hostileIds(SEED, 10_000)];
    const review = await reviewOf(store, texts, (index) => ({ id: ids[index]! }));
    const path = await exported(review, 'xlsx', 10_000);
    const decided = (index: number) => LABELS[index % 2]!.name;
    editWorkbook(path, (xml) =>
      xml.replace(/<c r="D(\d+)"[^>]*?\/>/g, (_, row) => textCell(`D${row}`, decided(Number(row) - 2))),
    );
    const sheet = await readSheet(path);
    const read = sheet.rows.map(({ values }) => [values.id, values.decision, values.text]);
    expect(read).toEqual(texts.map((text, index) => [idInCell(ids[index]), decided(index), cellText(text)]));
    const changed = (place: number, values: object) => ({
      ...sheet.rows[place]!,
      values: { ...sheet.rows[place]!.values, ...values },
    });
    const edited = sheet.rows.with(1, changed(1, { text: `${texts[1]}!` })).with(7, changed(7, { id: 'another id' }));
    await expect(takeSheet(review, { ...sheet, rows: edited }, { ...ANA, place: path })).rejects.toMatchObject({
      problems: ['cell E3 is not the text that was exported', 'cell A9 is not the id of a text of this run'],
    });
    expect((await review.decisions()).size).toBe(0);
    const { decisions } = await takeSheet(review, sheet, { ...ANA, place: path });
    expect(decisions.map(({ id, label }) => [id, label])).toEqual(ids.map((id, index) => [id, decided(index)]));
  });
});

it('a review file that a spreadsheet saved with semicolons is taken over', async () => {
  const review = await reviewOf(store, ['a', 'b; c']);
  const path = join(folder, 'semicolons.csv');
  const rows = ['id;doubt;label;decision;text', 'id 0;0,75;bad;good, better;a', 'id 1;0,5;bad;;"b; c"'];
  writeFileSync(path, rows.map((row) => `${row}\r\n`).join(''));
  expect(await importSheet(review, path, ANA)).toMatchObject({
    decisions: [{ id: 'id 0', label: 'good, better' }],
    undecided: 1,
  });
});

describe('an audit', () => {
  it("hides the teacher's labels, leaves its texts out of the fix queue and certifies what is decided", async () => {
    const review = await reviewOf(
      store,
      Array.from({ length: 40 }, (_, index) => `text ${index}`),
    );
    const draw = { count: 30, reviewer: 'ana', at: AT };
    const { audit, rows } = await rowsToAudit(review, draw);
    expect(rows.map(({ key }) => key)).toEqual(audit.keys.slice(0, 30));
    const path = join(folder, 'audit.csv');
    await writeReviewFile(path, null, { purpose: 'audit', rows, labels: LABELS, guideline: '' });
    expect(readFileSync(path, 'utf8').split('\n')[0]).toBe('id,decision,text');
    expect(await rowsToFix(review, 10)).toEqual([]);
    await fillIn(path, Object.fromEntries(rows.map(({ id }, index) => [id, index === 3 ? 'good, better' : 'bad'])));
    const { decisions } = await importSheet(review, path, ANA);
    expect(new Set(decisions.map(({ purpose }) => purpose))).toEqual(new Set(['audit']));
    const { certificate } = await reviewStatus(review);
    expect(certificate).toMatchObject({ labels: 40, population: 40, sampled: 30, wrong: 1 });
    expect((await rowsToAudit(review, { ...draw, count: 31 })).rows.map(({ key }) => key)).toEqual([audit.keys[30]]);
  });

  it('takes no text that is not in it', async () => {
    const review = await reviewOf(store, ['a', 'b']);
    const path = join(folder, 'not-drawn.jsonl');
    await writeReviewFile(path, null, {
      purpose: 'audit',
      rows: await rowsToFix(review, 1),
      labels: LABELS,
      guideline: '',
    });
    await expect(importSheet(review, path, ANA)).rejects.toThrow('line 1, id is not in the audit');
  });
});
