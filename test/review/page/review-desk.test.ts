import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  auditSize,
  mostWrong,
  reviewStatus,
  rowsToAdjudicate,
  rowsToAudit,
  rowsToFix,
} from '../../../src/review/index.js';
import { ReviewDesk } from '../../../src/review/page/review-desk.js';
import { ReviewFolder } from '../../../src/review/review-folder.js';
import { openStore, type Store } from '../../../src/store/index.js';
import { reviewOf } from '../review-of.js';

let folder: string;
let store: Store;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tutelage-desk-'));
  store = await openStore(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const NOW = new Date('2026-02-01T00:00:00Z');

async function deskOf(review: ReviewFolder, now = () => NOW): Promise<ReviewDesk> {
  return ReviewDesk.open({ review, queue: (await review.queue())! }, now);
}

const many = (count: number) => Array.from({ length: count }, (_, index) => `text ${index}`);

/** The store, but for a journal that takes so many lines and then no more. */
function fillingUp(store: Store, lines: number): Store {
  const journal = async (path: string) => {
    const inner = await store.journal(path);
    const append = async (line: string) => {
      if (lines-- <= 0) throw new Error('ENOSPC');
      await inner.append(line);
    };
    return { append, close: () => inner.close() };
  };
  return Object.assign(Object.create(store), { journal });
}

function said(key: string, label: string, version = 0) {
  return { key, label, sample: 'fix' as const, version, adjudicates: false };
}

describe('a journal that fails', () => {
  it('leaves what it has taken as one record each, so that a decision can be taken back', async () => {
    const { runFolder } = await reviewOf(store, ['a', 'b']);
    const desk = await deskOf(new ReviewFolder(fillingUp(store, 1), runFolder));
    await desk.decide(said('key-0', 'bad'), 'ana');
    await expect(desk.decide(said('key-1', 'bad'), 'ana')).rejects.toThrow('ENOSPC');
    await desk.refresh();
    expect(desk.row('key-0').version).toBe(1);
    await desk.close();
  });
});

describe('two reviewers on one row', () => {
  it('do not write over each other: the second one is shown the decision of the first, and may then replace it', async () => {
    const review = await reviewOf(store, ['a', 'b']);
    const desk = await deskOf(review);
    await desk.decide(said('key-0', 'bad'), 'ana');
    const late = await desk.decide(said('key-0', 'good, better'), 'ben');
    expect(late).toMatchObject({ conflict: true, row: { version: 1, decision: { label: 'bad', reviewer: 'ana' } } });
    expect((await review.decisions()).get('key-0')).toMatchObject({ label: 'bad' });
    const chosen = await desk.decide(said('key-0', 'good, better', 1), 'ben');
    expect(chosen).toMatchObject({ row: { version: 2, decision: { label: 'good, better', reviewer: 'ben' } } });
    expect(await reviewStatus(review)).toMatchObject({ differing: [{ labels: { ana: 'bad', ben: 'good, better' } }] });
    await desk.close();
  });

  it('find each other also through two servers and through imports', async () => {
    const review = await reviewOf(store, ['a', 'b', 'c']);
    const [here, there] = [await deskOf(review), await deskOf(review)];
    await here.decide(said('key-0', 'bad'), 'ana');
    expect(await there.decide(said('key-0', 'good, better'), 'ben')).toMatchObject({ conflict: true });
    await there.decide(said('key-1', 'bad'), 'ben');
    expect(await here.decide(said('key-1', 'good, better'), 'ana')).toMatchObject({ conflict: true });
    const imported = { key: 'key-2', id: 'id 2', label: 'bad', purpose: 'fix' as const, reviewer: 'carl', at: '2026' };
    await review.addDecisions([imported], NOW);
    expect(await here.decide(said('key-2', 'good, better'), 'ana')).toMatchObject({ conflict: true });
    await here.close();
    await there.close();
    expect((await review.decisions()).size).toBe(3);
  });

  it('are handed different rows', async () => {
    const desk = await deskOf(await reviewOf(store, many(50)));
    const handed = (reviewer: string, after = 0) => desk.handOut('fix', after, reviewer);
    const [ana, ben] = [handed('ana'), handed('ben')];
    expect(ana.rows.map(({ id }) => id)).toEqual(many(20).map((_, index) => `id ${index}`));
    expect(ben.rows[0]).toMatchObject({ id: 'id 20' });
    expect(handed('ana')).toEqual(ana);
    expect(handed('ana', ana.next!)).toMatchObject({ rows: { length: 10 }, next: null });
    await desk.close();
  });
});

it('hands out fewer rows at once where their texts are long', async () => {
  const desk = await deskOf(
    await reviewOf(
      store,
      many(20).map((text) => text.padEnd(30_000, '.')),
    ),
  );
  const { next, rows } = desk.handOut('fix', 0, 'ana');
  expect(rows).toHaveLength(3);
  expect(rows.every(({ text, textLength }) => text.length === 20_000 && textLength === 30_000)).toBe(true);
  expect(desk.handOut('fix', next!, 'ana').rows[0]).toMatchObject({ id: 'id 3' });
  await desk.close();
});

it('says that the labels are those before a revision, certifies nothing meanwhile, and draws no audit from them', async () => {
  const review = await reviewOf(store, many(30));
  const desk = await deskOf(review);
  expect(desk.overview('ana').outdated).toBeNull();
  await review.writeRevision({
    ...{ number: 1, texts: 7, goldTexts: 0, decided: 0, examples: 0, callsAtMost: 21, shown: [], folder: 'one' },
    ...{ reviewer: 'ben', note: '', at: NOW.toISOString() },
    revision: { guideline: 'Be strict.', doubted: true, labels: [], examples: 0 },
  });
  await desk.refresh();
  const outdated = 'These are the labels before revision 1, by ben. The teacher is asked about 7 texts again';
  expect(desk.overview('ana').outdated).toContain(outdated);
  await expect(desk.draw('ana')).rejects.toThrow(`no audit is drawn now. ${outdated}`);
  await desk.decide(said('key-0', 'good, better'), 'ana');
  expect(await reviewStatus(review)).toMatchObject({ decided: 1, outdated: expect.stringContaining(outdated) });
  await review.writeQueue({ ...(await review.queue())!, revision: 1 });
  expect(await reviewStatus(review)).toMatchObject({ decided: 1, outdated: null });
  await desk.close();
});

it('hands out the audit in its order, whoever has its texts in hand from the fix queue, and counts what is passed over', async () => {
  const review = await reviewOf(store, many(40));
  const desk = await deskOf(review);
  desk.handOut('fix', 0, 'ben');
  await desk.draw('ana');
  const { keys } = (await review.audit(0))!;
  const { rows } = desk.handOut('audit', 0, 'ana');
  expect(rows.map(({ key }) => key)).toEqual(keys.slice(0, 20));
  expect(desk.handOut('audit', 0, 'ben').rows.map(({ key }) => key)).toEqual(keys.slice(20));
  await desk.decide({ ...said(keys[0]!, 'bad'), sample: 'audit' }, 'ana');
  await desk.decide({ ...said(keys[3]!, 'bad'), sample: 'audit' }, 'ana');
  expect(desk.overview('ana').audit).toMatchObject({
    decided: 2,
    passedOver: 2,
    certificate: { sampled: 4, wrong: 2 },
  });
  await desk.decide({ ...said(keys[1]!, 'bad'), sample: 'audit' }, 'ana');
  await desk.decide({ ...said(keys[2]!, 'bad'), sample: 'audit' }, 'ana');
  expect(desk.overview('ana').audit).toMatchObject({
    decided: 4,
    passedOver: 0,
    certificate: { sampled: 4, wrong: 0 },
  });
  await desk.close();
});

it('asks another reviewer for an opinion of their own on the audit, with what everybody said hidden until then', async () => {
  const review = await reviewOf(store, many(40));
  const desk = await deskOf(review);
  await desk.draw('ana');
  const audited = desk.handOut('audit', 0, 'ana').rows.slice(0, 3);
  for (const { key } of audited) await desk.decide({ ...said(key, 'bad'), sample: 'audit' }, 'ana');
  expect([desk.overview('ana').again, desk.overview('ben').again]).toEqual([0, 3]);
  expect(desk.handOut('again', 0, 'ana').rows).toEqual([]);
  const { next, rows } = desk.handOut('again', 0, 'ben');
  expect(next).toBeNull();
  expect(rows.map(({ key }) => key)).toEqual(audited.map(({ key }) => key));
  for (const row of rows) {
    expect(row).toMatchObject({ sample: 'audit', teacher: null, decision: null, opinions: [], version: 1 });
  }
  const [first, second] = rows;
  const answer = await desk.decide({ ...said(first!.key, 'good, better', 1), sample: 'audit' }, 'ben');
  expect(answer).toMatchObject({ row: { differing: true, opinions: [{ label: 'bad' }, { label: 'good, better' }] } });
  expect(desk.overview('ben')).toMatchObject({
    again: 2,
    differing: 1,
    audit: { certificate: { sampled: 3, wrong: 1 } },
  });
  await desk.decide({ ...said(second!.key, 'bad', 1), sample: 'audit' }, 'ben');
  // What is settled needs no more opinions.
  await desk.decide({ ...said(first!.key, 'bad', 2), sample: 'audit', adjudicates: true }, 'cleo');
  expect(desk.handOut('again', 0, 'dora').rows.map(({ key }) => key)).toEqual(audited.slice(1).map(({ key }) => key));
  expect((await reviewStatus(review)).sharedTexts).toBe(2);
  // Of the first text cleo settled what they differ on.
  expect(desk.summary().people).toEqual([{ first: 'ana', second: 'ben', texts: 2, alike: 1 }]);
  await desk.close();
});

it('counts texts that had no label apart from errors of a label', async () => {
  const desk = await deskOf(await reviewOf(store, many(4), (index) => (index < 2 ? { label: null } : {})));
  for (const key of ['key-0', 'key-1', 'key-2']) await desk.decide(said(key, 'bad'), 'ana');
  await desk.decide(said('key-3', 'good, better'), 'ana');
  expect(desk.summary().errors).toEqual([
    { label: 'bad', decided: 2, became: [{ label: 'good, better', texts: 1 }] },
    { label: null, decided: 2, became: [{ label: 'bad', texts: 2 }] },
  ]);
  await desk.close();
});

describe('what people decided differently', () => {
  it('is listed with what each says, in the order of the decisions, and counts as settled as an adjudicator says', async () => {
    const review = await reviewOf(store, many(4));
    const desk = await deskOf(review);
    for (const key of ['key-2', 'key-0', 'key-1']) await desk.decide(said(key, 'bad'), 'ana');
    for (const key of ['key-0', 'key-2']) await desk.decide(said(key, 'good, better', 1), 'ben');
    expect(desk.overview('cleo')).toMatchObject({ differing: 2 });
    const { rows } = desk.handOut('differing', 0, 'cleo');
    expect(rows).toMatchObject([
      { key: 'key-2', differing: true, opinions: [{ reviewer: 'ana', label: 'bad' }, { reviewer: 'ben' }] },
      { key: 'key-0', differing: true, version: 2 },
    ]);
    expect((await rowsToAdjudicate(review)).map(({ key }) => key).sort()).toEqual(['key-0', 'key-2']);
    const settled = await desk.decide({ ...said('key-0', 'bad', 2), adjudicates: true }, 'cleo');
    expect(settled).toMatchObject({
      row: { differing: false, decision: { label: 'bad', reviewer: 'cleo', adjudicates: true } },
      overview: { differing: 1 },
    });
    await desk.decide(said('key-0', 'good, better', 3), 'dora');
    expect((await review.decisions()).get('key-0')).toMatchObject({ label: 'bad', reviewer: 'cleo' });
    expect(await rowsToAdjudicate(review)).toMatchObject([{ key: 'key-2' }]);
    expect(await reviewStatus(review)).toMatchObject({ adjudicated: 1, differing: [{ id: 'id 2' }] });
    const table = desk.table({ state: 'differing', offset: 0, limit: 50 });
    expect(table).toMatchObject({ total: 1, rows: [{ key: 'key-2' }] });
    await desk.close();
  });

  it('is nothing where people agree: there is nothing to settle, and a settlement that is taken back opens it again', async () => {
    const desk = await deskOf(await reviewOf(store, ['a']));
    await desk.decide(said('key-0', 'bad'), 'ana');
    const settle = { ...said('key-0', 'bad', 2), adjudicates: true };
    await expect(desk.decide({ ...settle, version: 1 }, 'cleo')).rejects.toThrow('there is nothing to settle');
    await desk.decide(said('key-0', 'good, better', 1), 'ben');
    await desk.decide(settle, 'cleo');
    // The same again, as the answer was lost.
    expect(await desk.decide(settle, 'cleo')).toMatchObject({ row: { version: 3 } });
    const back = await desk.withdraw({ key: 'key-0', version: 3 }, 'cleo');
    expect(back).toMatchObject({ row: { differing: true, decision: { label: 'good, better', reviewer: 'ben' } } });
    await desk.close();
  });
});

describe('a decision', () => {
  it('that is sent again, as its answer was lost, is written once', async () => {
    const review = await reviewOf(store, ['a']);
    const desk = await deskOf(review);
    await desk.decide(said('key-0', 'bad'), 'ana');
    expect(await desk.decide(said('key-0', 'bad'), 'ana')).toMatchObject({ row: { version: 1 } });
    expect((await review.log()).history('key-0')).toHaveLength(1);
    await desk.close();
  });

  it('is taken back by its reviewer only, and what stood before stands again', async () => {
    const review = await reviewOf(store, ['a']);
    const desk = await deskOf(review);
    await desk.decide(said('key-0', 'bad'), 'ana');
    await desk.decide(said('key-0', 'good, better', 1), 'ben');
    await expect(desk.withdraw({ key: 'key-0', version: 2 }, 'carl')).rejects.toThrow('you have decided nothing');
    expect(desk.overview('ben').undoable).toMatchObject({ key: 'key-0', version: 2 });
    const back = await desk.withdraw({ key: 'key-0', version: 2 }, 'ben');
    expect(back).toMatchObject({ row: { decision: { label: 'bad', reviewer: 'ana' } } });
    // The same again, as the answer was lost.
    expect(await desk.withdraw({ key: 'key-0', version: 2 }, 'ben')).toMatchObject({ row: { version: 3 } });
    await desk.close();
    expect((await review.decisions()).get('key-0')).toMatchObject({ label: 'bad', reviewer: 'ana' });
    expect((await review.log()).history('key-0').map(({ label }) => label)).toEqual(['bad', 'good, better', null]);
  });

  it('comes after those that it replaces, though the clock went back', async () => {
    const review = await reviewOf(store, ['a']);
    const times = ['2026-02-01T00:00:00Z', '2026-01-01T00:00:00Z'].map((time) => new Date(time));
    let turn = 0;
    const desk = await deskOf(review, () => times[turn]!);
    await desk.decide(said('key-0', 'bad'), 'ana');
    turn = 1;
    await desk.decide(said('key-0', 'good, better', 1), 'ana');
    await desk.close();
    expect((await review.decisions()).get('key-0')?.label).toBe('good, better');
  });

  it('with a label that the task does not have, or about a text that is not shown, is refused', async () => {
    const desk = await deskOf(await reviewOf(store, ['a']));
    await expect(desk.decide(said('key-0', 'awful'), 'ana')).rejects.toMatchObject({ status: 400 });
    await expect(desk.decide(said('key-9', 'bad'), 'ana')).rejects.toMatchObject({ status: 404 });
    await desk.close();
  });
});

it('a line that a killed server left half written is nobody’s decision, and the others count', async () => {
  const review = await reviewOf(store, ['a', 'b']);
  const desk = await deskOf(review);
  await desk.decide(said('key-0', 'bad'), 'ana');
  await desk.close();
  const decisions = join(fileURLToPath(store.ref.uri), review.runFolder, 'review', 'decisions');
  appendFileSync(join(decisions, readdirSync(decisions)[0]!), '{"key":"key-1","id":"id 1","lab');
  const again = await deskOf(review);
  expect(again.overview('ana').fix).toMatchObject({ decided: 1 });
  await again.decide(said('key-1', 'bad'), 'ana');
  await again.close();
  expect([...(await review.decisions()).keys()].sort()).toEqual(['key-0', 'key-1']);
});

describe('the audit', () => {
  it("hides the teacher's label until somebody has decided, in every list", async () => {
    const desk = await deskOf(await reviewOf(store, many(300)));
    await desk.draw('ana');
    const query = { offset: 0, limit: 200 };
    const [first] = desk.handOut('audit', 0, 'ana').rows;
    expect(first).toMatchObject({ teacher: null, decision: null });
    expect(desk.row(first!.key).teacher).toBeNull();
    const table = (about: object) => desk.table({ ...query, ...about }).rows;
    const keys = (about: object) => table(about).map(({ key }) => key);
    expect(table({ sample: 'audit' })).toContainEqual(expect.objectContaining({ key: first!.key, teacher: null }));
    expect(keys({ search: first!.text })).not.toContain(first!.key);
    expect(keys({ sample: 'audit', label: 'bad' })).toEqual([]);
    await expect(desk.decide(said(first!.key, 'bad'), 'ana')).rejects.toThrow('belongs to the audit now');
    const decided = await desk.decide({ ...said(first!.key, 'bad'), sample: 'audit' }, 'ana');
    expect(decided).toMatchObject({ row: { teacher: { label: 'bad' } }, overview: { audit: { decided: 1 } } });
    await desk.close();
  });

  it('leaves the rest of the texts to the fix queue, on the page and in files', async () => {
    const review = await reviewOf(store, many(300));
    const desk = await deskOf(review);
    const overview = await desk.draw('ana');
    // The audit's sequence holds all labels; as many as show at most 2 % are kept for it.
    const kept = auditSize(300, 0.02, 0.95);
    expect(kept).toBeLessThan(150);
    expect(overview).toMatchObject({ audit: { length: 300, population: 300 }, fix: { texts: 300 - kept } });
    expect(await rowsToFix(review, 1000)).toHaveLength(300 - kept);
    await desk.close();
  });

  it('certifies what the command line certifies, and says how many more labels the next bound takes', async () => {
    const review = await reviewOf(store, many(300));
    const desk = await deskOf(review);
    await desk.draw('ana');
    const { rows } = await rowsToAudit(review, { count: 40, reviewer: 'ana', at: NOW });
    for (const [index, { key }] of rows.entries()) {
      const label = index === 3 ? 'good, better' : 'bad';
      await desk.decide({ ...said(key, label), sample: 'audit' }, 'ana');
    }
    const { audit } = desk.overview('ana');
    const { certificate } = await reviewStatus(review);
    expect(audit?.certificate).toEqual(certificate);
    expect(certificate).toMatchObject({ sampled: 40, wrong: 1 });
    const { population, wrong, sampled } = certificate!;
    const { more, share } = audit!.next!;
    const shown = (size: number) => mostWrong({ population, wrong, sampled: sampled + size }, 0.95) / population;
    expect([shown(more) <= share, shown(more - 1) > share]).toEqual([true, true]);
    const summary = desk.summary();
    expect(summary.bound.at(-1)).toMatchObject({ audited: 40, wrong: 1 });
    expect(summary.errors).toEqual([{ label: 'bad', decided: 40, became: [{ label: 'good, better', texts: 1 }] }]);
    expect(summary.classes).toEqual([
      { label: 'good, better', teacher: 0, now: 1 },
      { label: 'bad', teacher: 300, now: 299 },
    ]);
    await desk.close();
  });
});
