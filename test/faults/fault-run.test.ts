import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordedReply } from '../../src/contracts/index.js';
import { seededFraction } from '../../src/voting/index.js';
import { newFolder } from '../cli/tutelage-process.js';
import { demoReplies, readJsonl, writeJsonl } from '../support/demo-data.js';
import { startUp } from '../support/local-run.js';
import { type ReplayTeacher, startTeacher } from '../support/replay-teacher.js';
import { describeWithS3, startS3Server } from '../support/s3-server.js';
import { AnnotatedRun, faultsSeed, QUESTIONS, TEXTS, undisturbedLabels } from './annotated-run.js';
import { DISTURBANCES, Disturber, TEACHERS } from './disturbances.js';

/** `npm run test:faults` names the seeds, and where it wants a line of figures for each run. */
const seeds = process.env.FAULTS_SEEDS?.split(',').map(Number) ?? [faultsSeed()];
const log = process.env.FAULTS_LOG;

const CONCURRENCY = 4;
const UNREADABLE_SHARE = 0.05;
const FAULTS = { share500: 0.05, shareDropped: 0.02, share429: 0.02, retryAfterSeconds: 1 };
/** Runs out under the faults; the run waits, and somebody adds to it. */
const FIRST_CALLS = 900;
const ADDED_CALLS = 900;
const BUDGET = { calls: FIRST_CALLS + ADDED_CALLS, tokens: 4_000_000, usd: 4 };
/** Dollars for a million tokens, of prompts and of replies: a token costs a millionth. */
const PRICE = { inputPerMillion: 1, outputPerMillion: 1 };
const SECRETLY_SENT_AFTER_MS = 2000;
const TIMEOUT_MS = 600_000;

interface Place {
  readonly name: 'file' | 's3';
  /** For processes that use it. */
  readonly env: Record<string, string>;
  /** null: the folder itself. */
  readonly address: string | null;
  /** Of its files; null: in the folder of the run. */
  readonly folder: string | null;
}

describe('a run under all faults at once, on a file store', () => {
  it.each(seeds)(
    'ends with the labels of an undisturbed run and counts every call (seed %i)',
    (seed) => expectTheSameLabels(seed, { name: 'file', env: {}, address: null, folder: null }),
    TIMEOUT_MS,
  );
});

if (process.env.FAULTS_SEEDS !== undefined) {
  describeWithS3('a run under all faults at once, on an S3 store', () => {
    it.each(seeds)(
      'ends with the labels of an undisturbed run and counts every call (seed %i)',
      async (seed) => {
        const server = await startS3Server();
        try {
          const bucket = server.makeBucket();
          const folder = join(server.folderOf(bucket), 'runs');
          await expectTheSameLabels(seed, { name: 's3', env: server.env, address: `s3://${bucket}/runs`, folder });
        } finally {
          await server.stop();
        }
      },
      TIMEOUT_MS,
    );
  });
}

async function expectTheSameLabels(seed: number, place: Place): Promise<void> {
  const folder = newFolder();
  const up = await startUp(folder, { env: place.env, roles: ['orchestrator', 'student'] });
  const replies = repliesWithUnreadableOnes(folder, seed);
  const teacher = await startTeacher({ replies, latencyMs: 150, jitter: 0.5, seed, ...FAULTS });
  const disturber = await Disturber.start({ up, teacher, seed, requests: QUESTIONS - 200, env: place.env });
  try {
    const expected = await undisturbedLabels(up, replies);
    const startedAt = Date.now();
    const run = await AnnotatedRun.start({
      ...{ up, teacher, workflowId: 'disturbed' },
      ...(place.folder !== null && { store: place.folder }),
      ...(place.address !== null && { storeAddress: place.address }),
      set: {
        'annotation.chunkTexts': 15,
        'annotation.window': 12,
        'teacher.concurrency': CONCURRENCY,
        'teacher.price': PRICE,
        'budget.calls': FIRST_CALLS,
        'budget.tokens': BUDGET.tokens,
        'budget.usd': BUDGET.usd,
        'budget.whenUsedUp': 'wait',
      },
    });
    const usedUp = raisedOnce(run, teacher);
    const [disturbed, requestsWhenUsedUp] = await Promise.all([disturber.disturb(), usedUp, run.untilLabelled()]);
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    const stats = await teacher.stats();
    // The suspended ones are awake again, and those that were given up may not send a single call.
    await sleep(SECRETLY_SENT_AFTER_MS);
    expect(await teacher.stats()).toEqual(stats);

    const counts = await run.counts();
    const books = run.books();
    const inFlight = disturbed.reduce((sum, each) => sum + each.inFlight, 0);
    const figures = {
      ...{ store: place.name, seed, seconds, requests: stats.requests, replies: stats.answered200 },
      ...{ '500': stats.answered500, '429': stats.answered429, dropped: stats.dropped },
      ...{ repeats: stats.repeats, uncertain: counts.uncertain, unreadable: counts.unreadable, inFlight },
      ...{ calls: counts.calls, usd: (counts.spentMicros ?? 0) / 1e6, requestsWhenUsedUp },
      owners: books.byOwner.size,
    };
    console.log(JSON.stringify(figures));
    if (log !== undefined) appendFileSync(log, `${JSON.stringify(figures)}\n`);

    const labels = run.labels();
    expect(labels).toEqual(expected);
    expect(Object.keys(labels)).toHaveLength(TEXTS);
    expect(Object.values(labels).every(({ votes }) => votes === 3)).toBe(true);
    expect(stats).toMatchObject({ questions: QUESTIONS, unknown: 0, inFlight: 0 });
    expect(counts).toMatchObject({ texts: TEXTS, replies: QUESTIONS, reused: 0 });
    expect(books.replies).toBe(QUESTIONS);
    expect(disturbed).toHaveLength(Object.values(DISTURBANCES).reduce((sum, times) => sum + times, 0));

    // Each request stood in a journal before it was sent; a kill may fall between the two.
    expect(stats.requests).toBeLessThanOrEqual(books.calls);
    // What a suspended worker closed after its chunk was sealed stands in the journals and is counted at its worst.
    expect(books.calls).toBeLessThanOrEqual(counts.calls);
    expect(books.uncertain).toBeLessThanOrEqual(counts.uncertain);
    expect(counts.calls).toBeLessThanOrEqual(stats.requests + counts.uncertain);
    // A reply was paid for twice only where its call was in flight, or its reply not yet durable, when its worker went away.
    const workersGone = disturbed.reduce((sum, { what }) => sum + GONE[what], 0);
    expect(stats.repeats).toBeLessThanOrEqual(workersGone * CONCURRENCY);
    expect(counts.uncertain).toBeLessThanOrEqual(stats.dropped + workersGone * CONCURRENCY);

    expect(requestsWhenUsedUp).toBeLessThanOrEqual(FIRST_CALLS);
    expect(stats.requests).toBeLessThanOrEqual(BUDGET.calls);
    expect(counts.calls).toBeLessThanOrEqual(BUDGET.calls);
    expect(stats.tokens).toBeLessThanOrEqual(counts.spentTokens);
    expect(counts.spentTokens).toBeLessThanOrEqual(BUDGET.tokens);
    // Micro-dollars, which are tokens at this price.
    expect(stats.tokens).toBeLessThanOrEqual(counts.spentMicros ?? 0);
    expect(counts.spentMicros).toBeLessThanOrEqual(BUDGET.usd * 1e6);
  } finally {
    disturber.end();
    await teacher.stop();
    await up.stop();
  }
}

/** Adds calls when the first ones are used up, again and again until the run has heard of it, since workers and server are killed
 *  meanwhile. Returns how many requests the teacher had got before. */
async function raisedOnce(run: AnnotatedRun, teacher: ReplayTeacher): Promise<number> {
  const end = Date.now() + TIMEOUT_MS / 2;
  while (!(await run.progress().catch(() => null))?.budget?.waiting) {
    if (Date.now() > end) throw new Error('the budget is not used up yet');
    await sleep(200);
  }
  await sleep(SECRETLY_SENT_AFTER_MS);
  const { requests } = await teacher.stats();
  console.log(`the budget of ${FIRST_CALLS} calls is used up after ${requests} requests`);
  const decision = { calls: ADDED_CALLS, reviewer: 'ana', decisionId: 'once' };
  while (!(await run.progress().catch(() => null))?.budget?.decisions.length) {
    if (Date.now() > end) throw new Error('the run has not heard of the added calls');
    await run.handle.signal('raiseBudget', decision).catch(() => {}); // No server answers for now.
    await sleep(1000);
  }
  return requests;
}

/** Teacher workers whose calls in flight may be lost: while the server is away, all of them may be given up. */
const GONE = {
  'SIGKILL teacher worker': 1,
  'SIGSTOP teacher worker': 1,
  'SIGKILL orchestrator worker': 0,
  'SIGKILL server': TEACHERS,
} as const;

function repliesWithUnreadableOnes(folder: string, seed: number): string {
  const rows = readJsonl<RecordedReply>(demoReplies).map((row) => {
    const draw = seededFraction(seed, 'unreadable', row.text ?? '', String(row.sample));
    return draw < UNREADABLE_SHARE ? { ...row, content: 'I would rather not say.' } : row;
  });
  return writeJsonl(join(folder, 'replies.jsonl'), rows);
}
