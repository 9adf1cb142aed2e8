import { setTimeout as sleep } from 'node:timers/promises';
import { newFolder } from '../cli/tutelage-process.js';
import { demoReplies } from '../support/demo-data.js';
import { type LocalUp, startUp, temporalCli } from '../support/local-run.js';
import { type ReplayTeacher, startTeacher } from '../support/replay-teacher.js';
import {
  AnnotatedRun,
  faultsSeed,
  QUESTIONS,
  randomMoment,
  TEXTS,
  undisturbedLabels,
  untilAsking,
} from './annotated-run.js';

/** 1260 replies would take half a minute. */
const SLOW = { replies: demoReplies, latencyMs: 100, jitter: 0.5 };
const CONCURRENCY = 4;
const set = { 'annotation.chunkTexts': 60, 'teacher.concurrency': CONCURRENCY };

let up: LocalUp;
let expected: Awaited<ReturnType<typeof undisturbedLabels>>;

beforeAll(async () => {
  up = await startUp(newFolder());
  expected = await undisturbedLabels(up);
});

async function startedRun(workflowId: string): Promise<{ run: AnnotatedRun; teacher: ReplayTeacher }> {
  const seed = faultsSeed();
  const teacher = await startTeacher(SLOW);
  const run = await AnnotatedRun.start({ up, teacher, workflowId, set });
  await untilAsking(teacher);
  await sleep(randomMoment(500, 3000, seed, workflowId));
  console.log(`${workflowId} with ${await untilAsking(teacher)} calls in flight`);
  return { run, teacher };
}

/** A second run over the same texts, in the same store, from a teacher of its own. */
async function expectTheRestIsAsked(stopped: AnnotatedRun, known: number): Promise<void> {
  const teacher = await startTeacher({ replies: demoReplies });
  const workflowId = `after-${stopped.handle.workflowId}`;
  const run = await AnnotatedRun.start({ up, teacher, workflowId, store: stopped.store, set });
  await run.untilLabelled();
  expect(run.labels()).toEqual(expected);
  const counts = await run.counts();
  expect(counts).toMatchObject({ texts: TEXTS, reused: known, calls: QUESTIONS - known });
  expect((await teacher.stats()).requests).toBe(counts.calls);
}

describe('a run that is stopped while it asks', () => {
  it('cancelled: the teacher gets no request 2 s later, and all that was paid for is kept', async () => {
    const { run, teacher } = await startedRun('cancel');
    const cancel = await temporalCli(['workflow', 'cancel', '-w', run.handle.workflowId], {
      address: up.address,
      cwd: up.folder,
    });
    const cancelledAt = Date.now();
    expect(cancel).toMatchObject({ code: 0 });
    await expect(run.handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect(await run.status()).toBe('CANCELLED');
    expect(await run.status(run.shard().workflowId)).toBe('CANCELLED');

    const stats = await teacher.stats();
    const books = run.books();
    console.log(`the last request came ${(stats.lastAt ?? 0) - cancelledAt} ms after the cancellation`);
    expect((stats.lastAt ?? 0) - cancelledAt).toBeLessThan(2000);
    expect(stats.inFlight).toBe(0);
    // Calls in flight were waited for.
    expect(books).toMatchObject({ calls: stats.requests, replies: stats.answered200, uncertain: 0 });
    expect(books.replies).toBeLessThan(QUESTIONS);
    expect(await run.counts()).toMatchObject({ calls: books.calls, replies: books.replies });
    await expectTheRestIsAsked(run, books.replies);
  });

  it('terminated, so that no code of the workflow runs: requests end with the next heartbeats, and nothing is lost', async () => {
    const { run, teacher } = await startedRun('terminate');
    const terminatedAt = Date.now();
    // Else the root's end would cancel it in good order.
    await run.shard().terminate('a test');
    await run.handle.terminate('a test');
    let before = -1;
    for (;;) {
      const { inFlight, requests } = await teacher.stats();
      if (inFlight === 0 && requests === before) break;
      before = requests;
      await sleep(3000);
    }
    const stats = await teacher.stats();
    const books = run.books();
    console.log(`the last request came ${(stats.lastAt ?? 0) - terminatedAt} ms after the termination`);
    expect((stats.lastAt ?? 0) - terminatedAt).toBeLessThan(15_000);
    expect(await run.status()).toBe('TERMINATED');
    expect(books).toMatchObject({ calls: stats.requests, replies: stats.answered200, uncertain: 0 });
    expect(books.replies).toBeLessThan(QUESTIONS);
    await expectTheRestIsAsked(run, books.replies);
  });
});
