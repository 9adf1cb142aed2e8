import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newFolder, workerProcesses } from '../cli/tutelage-process.js';
import { demoReplies } from '../support/demo-data.js';
import { startTutelage, startUp } from '../support/local-run.js';
import { startTeacher } from '../support/replay-teacher.js';
import {
  AnnotatedRun,
  type Books,
  faultsSeed,
  QUESTIONS,
  randomMoment,
  TEXTS,
  undisturbedLabels,
  untilAsking,
} from './annotated-run.js';

const CONCURRENCY = 8;
/** Opened before there was a place for it, and closed as unsent when the worker goes on. */
const AHEAD = 1;
/** Ten of the corpus, four of the gold rows: the worker has two places left, and asks the server for more work. */
const CHUNKS = 14;

/** Whether each chunk is sealed, or has an owner that it had not before. */
function isTakenOver(run: AnnotatedRun, before: Books): boolean {
  const chunksOf = (owners: readonly string[]) => new Set(owners.map((owner) => owner.split(' ')[0] ?? ''));
  const now = [...run.books().byOwner.keys()];
  const taken = chunksOf(now.filter((owner) => !before.byOwner.has(owner)));
  const chunks = [...chunksOf(now)];
  const sealed = (chunk: string) => existsSync(join(run.store, 'replies', chunk, 'sealed.json'));
  return chunks.length === CHUNKS && chunks.every((chunk) => taken.has(chunk) || sealed(chunk));
}

describe('a teacher worker that is suspended until another one has taken over', () => {
  it('sends nothing when it goes on', async () => {
    const seed = faultsSeed();
    const folder = newFolder();
    const up = await startUp(folder);
    const expected = await undisturbedLabels(up);
    const teacher = await startTeacher({ replies: demoReplies, latencyMs: 100, jitter: 0.5 });
    const set = { 'annotation.chunkTexts': 30, 'annotation.window': CHUNKS, 'teacher.concurrency': CONCURRENCY };
    const run = await AnnotatedRun.start({ up, teacher, workflowId: 'suspended', set });

    await untilAsking(teacher);
    await sleep(randomMoment(200, 2500, seed, 'moment of the stop'));
    const suspended = workerProcesses(folder).teacher?.pid ?? 0;
    console.log(`SIGSTOP to the teacher worker with ${await untilAsking(teacher)} calls in flight`);
    process.kill(suspended, 'SIGSTOP');
    try {
      const atStop = run.books();
      const successor = await startTutelage(['worker', '--role', 'teacher', '--address', up.address], { cwd: folder });
      // The server hands two chunks to the suspended worker's open polls, so this takes more than one time-out. When the
      // worker goes on it finds those tasks: attempts that were given up long ago.
      while (!isTakenOver(run, atStop)) {
        if (successor.child.exitCode !== null) throw new Error(`the successor ended with: ${successor.output}`);
        await sleep(100);
      }
      await untilAsking(teacher);
      await sleep(randomMoment(0, 1000, seed, 'moment of the waking'));
      console.log(`SIGCONT with ${await untilAsking(teacher)} calls of its successor in flight`);
      const owners = run.books().byOwner;
      process.kill(suspended, 'SIGCONT');
      await run.untilLabelled();

      const stats = await teacher.stats();
      const books = run.books();
      console.log(`${stats.requests} requests, ${stats.repeats} paid again, ${books.uncertain} uncertain`);
      expect(run.labels()).toEqual(expected);
      expect(stats).toMatchObject({ questions: QUESTIONS, unknown: 0 });
      const counts = await run.counts();
      expect(counts).toMatchObject({ texts: TEXTS, replies: QUESTIONS });

      // The teacher got what stands in the journals and nothing else, and the suspended worker's did not grow.
      expect(stats.requests).toBe(books.calls);
      const takenBack = [...atStop.byOwner].map(([owner, calls]) => calls - (books.byOwner.get(owner) ?? 0));
      expect(Math.min(...takenBack)).toBe(0);
      expect(takenBack.reduce((sum, calls) => sum + calls, 0)).toBeLessThanOrEqual(AHEAD);
      // A chunk that was sealed before it went on counts that one as uncertain.
      expect([0, AHEAD]).toContain(counts.calls - books.calls);
      // It may have been stopped between a claim and its journal, which then comes late, and stays empty.
      for (const [owner, calls] of books.byOwner) if (!owners.has(owner)) expect([owner, calls]).toEqual([owner, 0]);
      expect(stats.repeats).toBeLessThanOrEqual(CONCURRENCY);
      expect(successor.child.exitCode).toBeNull();
    } finally {
      process.kill(suspended, 'SIGCONT');
    }
  });
});
