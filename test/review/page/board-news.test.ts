import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReviewNews } from '../../../src/contracts/index.js';
import { GateDoorError } from '../../../src/review/index.js';
import { BoardNews } from '../../../src/review/page/board-news.js';
import { Desks } from '../../../src/review/page/desks.js';
import { openStore, type Store } from '../../../src/store/index.js';
import { AT, reviewOf } from '../review-of.js';

const ADDRESS = 'http://127.0.0.1:7400';
const SECOND = 1000;
const DAY = 86_400 * SECOND;

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tutelage-news-'));
  store = await openStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What a server of the page tells of the run "test", its clock in the test's hands. */
function newsOf(waits: () => string[] = () => ['test']) {
  const told: ReviewNews[] = [];
  const clock = { now: AT.getTime() };
  const desks = new Desks(store, () => new Date(clock.now));
  const none = () => Promise.reject(new GateDoorError('not asked'));
  const door = {
    ...{ openRuns: none, progress: none, decide: none },
    reviewsWaiting: async () => waits().map((workflowId) => ({ workflowId, wait: `wait of ${workflowId}` })),
    tellOfReview: async (_: string, news: ReviewNews) => {
      told.push(news);
    },
  };
  const news = new BoardNews(desks, door, () => new Date(clock.now));
  const decide = async (index: number) => {
    const desk = (await desks.open('test'))!;
    await desk.decide(
      { key: `key-${index}`, label: 'good, better', sample: 'fix', version: 0, adjudicates: false },
      'ana',
    );
  };
  return { told, clock, news, desks, decide };
}

const many = (count: number) => Array.from({ length: count }, (_, index) => `text ${index}`);

it('tells where the page is, then what was decided, and nothing twice', async () => {
  await reviewOf(store, many(40));
  const { clock, decide, desks, news, told } = newsOf();
  await news.tell(ADDRESS);
  await decide(0);
  await news.tell(ADDRESS);
  expect(told).toEqual([
    {
      page: 'http://127.0.0.1:7400/runs/test',
      gone: null,
      ...{ suggested: 4, decided: 0, changed: 0, audited: null, certificate: null, at: AT.toISOString() },
    },
  ]);
  clock.now += 15 * SECOND;
  await news.tell(ADDRESS);
  clock.now += 15 * SECOND;
  await news.tell(ADDRESS);
  expect(told).toHaveLength(2);
  expect(told[1]).toMatchObject({ decided: 1, changed: 1, audited: null, certificate: null });
  clock.now += 15 * SECOND;
  await (await desks.open('test'))!.draw('ana');
  const first = (await desks.open('test'))!.handOut('audit', 0, 'ana').rows[0]!;
  await (await desks.open('test'))!.decide(
    { key: first.key, label: 'bad', sample: 'audit', version: 0, adjudicates: false },
    'ana',
  );
  await news.tell(ADDRESS);
  expect(told[2]).toMatchObject({ decided: 1, audited: 1, certificate: { sampled: 1, wrong: 0, population: 39 } });
  await desks.close();
});

it('counts what was decided in files, too', async () => {
  const review = await reviewOf(store, many(40));
  const decision = {
    key: 'key-3',
    id: 'id 3',
    label: 'good, better',
    purpose: 'fix' as const,
    reviewer: 'ben',
    at: '2026',
  };
  await review.addDecisions([decision], AT);
  const { desks, news, told } = newsOf();
  await news.tell(ADDRESS);
  expect(told).toMatchObject([{ decided: 1, changed: 1 }]);
  await desks.close();
});

it('is told less and less often, so that a month of decisions without a pause brings little more than a thousand news', async () => {
  await reviewOf(store, many(20));
  const { clock, desks, news, told } = newsOf();
  // Another address each time: as if something had been decided.
  for (let second = 0; second < 30 * 86_400; second += 15) {
    clock.now = AT.getTime() + second * SECOND;
    await news.tell(`http://127.0.0.1:${second}`);
  }
  expect(told.length).toBeGreaterThan(1000);
  expect(told.length).toBeLessThan(1150);
  const gaps = told.slice(1).map(({ at }, index) => Date.parse(at) - Date.parse(told[index]!.at));
  expect([Math.min(...gaps), Math.max(...gaps.slice(0, 999))]).toEqual([15 * SECOND, 300 * SECOND]);
  await desks.close();
}, 60_000);

it('says that the page is gone to those who know of it, and begins anew with each wait', async () => {
  await reviewOf(store, many(20));
  let waits = ['test', 'a run of another store'];
  const { clock, desks, news, told } = newsOf(() => waits);
  await news.tell(null);
  expect(told).toEqual([]);
  await news.tell(ADDRESS);
  await news.tell(null);
  const page = `${ADDRESS}/runs/test`;
  expect(told).toMatchObject([
    { page, gone: null },
    { page: null, gone: page },
  ]);
  waits = [];
  clock.now += DAY;
  await news.tell(ADDRESS);
  waits = ['test'];
  await news.tell(ADDRESS);
  expect(told.map((each) => each.page)).toEqual([page, null, page]);
  await desks.close();
});
