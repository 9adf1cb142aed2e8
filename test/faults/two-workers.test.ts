import { newFolder } from '../cli/tutelage-process.js';
import { demoReplies } from '../support/demo-data.js';
import { type LocalUp, startTutelage, startUp } from '../support/local-run.js';
import { startTeacher } from '../support/replay-teacher.js';
import { eventually } from '../workflows/workflow-bed.js';
import { AnnotatedRun, QUESTIONS, TEXTS } from './annotated-run.js';

const CHUNKS = 70;
const CHUNKS_BEFORE_THE_KILL = 40;
const CONCURRENCY = 4;

/** Chunks that each process has ended, by its pid. */
async function chunksByWorker(run: AnnotatedRun): Promise<Map<number, number>> {
  const { events } = await run.shard().fetchHistory();
  const found = new Map<number, number>();
  for (const { activityTaskStartedEventAttributes: started } of events ?? []) {
    const pid = Number(/^tutelage-teacher:(\d+)@/.exec(started?.identity ?? '')?.[1]);
    if (started) found.set(pid, (found.get(pid) ?? 0) + (pid > 0 ? 1 : 0));
  }
  return found;
}

async function startTeacherWorker(up: LocalUp): Promise<{ readonly pid: number; kill(): void }> {
  const args = ['worker', '--role', 'teacher', '--concurrency', String(CONCURRENCY), '--address', up.address];
  const { child } = await startTutelage(args, { cwd: up.folder });
  return { pid: child.pid ?? 0, kill: () => child.kill('SIGKILL') };
}

describe('two workers that ask for one run', () => {
  it('share it, and when one is killed the other one loses nothing', async () => {
    const up = await startUp(newFolder(), { roles: ['orchestrator', 'student'] });
    const [first, second] = await Promise.all([startTeacherWorker(up), startTeacherWorker(up)]);
    const teacher = await startTeacher({ replies: demoReplies, latencyMs: 60, jitter: 0.5 });
    const set = {
      'annotation.chunkTexts': TEXTS / CHUNKS,
      'annotation.window': 2 * CONCURRENCY,
      'teacher.concurrency': CONCURRENCY,
    };
    const run = await AnnotatedRun.start({ up, teacher, workflowId: 'shared', set });
    const ended = (by: ReadonlyMap<number, number>) => (by.get(first.pid) ?? 0) + (by.get(second.pid) ?? 0);
    let shares = new Map<number, number>();
    await eventually(async () => {
      shares = await chunksByWorker(run).catch(() => shares); // It has not begun.
      return ended(shares) >= CHUNKS_BEFORE_THE_KILL;
    });
    second.kill();
    for (const { pid } of [first, second]) expect((shares.get(pid) ?? 0) / ended(shares)).toBeGreaterThan(0.3);
    expect(ended(shares)).toBeLessThan(CHUNKS);

    await run.untilLabelled();
    const counts = await run.counts();
    const books = run.books();
    const stats = await teacher.stats();
    console.log(`${shares.get(first.pid)} and ${shares.get(second.pid)} chunks, ${stats.repeats} calls paid again`);
    expect(counts).toMatchObject({ texts: TEXTS, replies: QUESTIONS, calls: books.calls, uncertain: books.uncertain });
    expect(Object.values(run.labels()).map(({ votes }) => votes)).toEqual(Array(TEXTS).fill(QUESTIONS / TEXTS));
    // Of the killed worker, what was in flight.
    expect(stats.repeats).toBeLessThanOrEqual(counts.uncertain);
    expect(counts.uncertain).toBeLessThanOrEqual(CONCURRENCY);
  });
});
