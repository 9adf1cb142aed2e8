import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newFolder } from '../cli/tutelage-process.js';
import { demoReplies } from '../support/demo-data.js';
import { startUp } from '../support/local-run.js';
import { startTeacher } from '../support/replay-teacher.js';
import {
  AnnotatedRun,
  faultsSeed,
  QUESTIONS,
  randomMoment,
  TEXTS,
  undisturbedLabels,
  untilAsking,
} from './annotated-run.js';

const CONCURRENCY = 8;
const CHUNKS = 4;
const DISK_BYTES = 16 * 2 ** 20;

const disk = mkdtempSync(join(tmpdir(), 'tutelage-disk-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', disk], { encoding: 'utf8' });
const possible = mounted.status === 0;
if (!possible) {
  const why = mounted.error?.message ?? mounted.stderr.trim();
  console.log(
    `skipped, since no small file system can be mounted here (${why}); with a journal that fails: test/teachers/engine`,
  );
}
// After the import's, which stops the workers.
afterAll(() => {
  if (possible) spawnSync('umount', [disk]);
  rmdirSync(disk);
});

function fillDisk(): string {
  const path = join(disk, 'filler');
  for (let bytes = 2 ** 20; bytes >= 1; bytes = Math.floor(bytes / 4)) {
    try {
      for (;;) appendFileSync(path, Buffer.alloc(bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  return path;
}

describe('a store whose disk is full', () => {
  (possible ? it : it.skip)(
    'ends the asking at once, pauses the run with its reason, and nothing is lost when there is room again',
    async () => {
      const seed = faultsSeed();
      const up = await startUp(newFolder());
      const expected = await undisturbedLabels(up);
      const teacher = await startTeacher({ replies: demoReplies, latencyMs: 100, jitter: 0.5 });
      const set = { 'annotation.chunkTexts': 120, 'teacher.concurrency': CONCURRENCY };
      const store = join(disk, 'store');
      const run = await AnnotatedRun.start({ up, teacher, workflowId: 'full-disk', store, set });
      await untilAsking(teacher);
      await sleep(randomMoment(500, 3000, seed, 'moment of the filling'));
      console.log(`the disk is filled with ${await untilAsking(teacher)} calls in flight`);
      const filler = fillDisk();
      const filledAt = Date.now();

      // A journal's last page may have room for some lines more.
      await sleep(8000);
      const stopped = await teacher.stats();
      console.log(`the last request came ${(stopped.lastAt ?? 0) - filledAt} ms after the filling`);
      expect((stopped.lastAt ?? 0) - filledAt).toBeLessThan(3000);
      expect(stopped.inFlight).toBe(0);
      expect(stopped.requests).toBeLessThanOrEqual(run.books().calls);
      expect(run.books().replies).toBeLessThan(QUESTIONS);
      const { paused, pauseReason } = await run.progress();
      expect(paused).toBe(true);
      expect(pauseReason).toContain('no space left on device');
      expect(pauseReason).toMatch(/make some, then: tutelage resume$/);
      // Nobody tries again meanwhile.
      const { raw } = await run.shard().describe();
      expect(raw.pendingActivities ?? []).toEqual([]);

      rmSync(filler);
      await run.handle.signal('resume');
      await run.untilLabelled();
      const stats = await teacher.stats();
      const counts = await run.counts();
      const books = run.books();
      console.log(`${stats.requests} requests, ${stats.repeats} paid again, ${counts.uncertain} uncertain`);
      expect(run.labels()).toEqual(expected);
      expect(counts).toMatchObject({
        texts: TEXTS,
        replies: QUESTIONS,
        calls: books.calls,
        uncertain: books.uncertain,
      });
      // Calls whose reply could not be written down, or that stood in a write that failed half-way and were not sent.
      expect(stats.requests).toBeLessThanOrEqual(counts.calls);
      expect(counts.calls).toBeLessThanOrEqual(stats.requests + counts.uncertain);
      expect(stats.repeats).toBeLessThanOrEqual(counts.uncertain);
      expect(counts.uncertain).toBeLessThanOrEqual(CHUNKS * CONCURRENCY);
    },
    180_000,
  );
});
