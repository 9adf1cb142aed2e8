import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FailureType } from '../../src/contracts/index.js';
import { openFileStore } from '../../src/store/index.js';
import { newFolder } from '../cli/tutelage-process.js';
import { demoReplies } from '../support/demo-data.js';
import { type LocalUp, startTutelage, startUp } from '../support/local-run.js';
import { startTeacher } from '../support/replay-teacher.js';
import { eventually } from '../workflows/workflow-bed.js';
import { AnnotatedRun, QUESTIONS, TEXTS, untilAsking } from './annotated-run.js';

const CHUNKS = 70;
const CHUNKS_BEFORE_THE_KILL = 40;
const CONCURRENCY = 4;
/** Calls a second of both together; alone, each could make twice its half. */
const PER_SECOND = 80;
/** On Linux. */
const OWN_DIRECTORY = '/proc/self/cwd';

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

async function startTeacherWorker(up: LocalUp, cwd = up.folder): Promise<{ readonly pid: number; kill(): void }> {
  const args = ['worker', '--role', 'teacher', '--concurrency', String(CONCURRENCY), '--address', up.address];
  const { child } = await startTutelage(args, { cwd });
  return { pid: child.pid ?? 0, kill: () => child.kill('SIGKILL') };
}

/** Why the last attempt at each of the chunks failed that are not done. */
async function refusals(run: AnnotatedRun): Promise<string[]> {
  const { raw } = await run.shard().describe();
  return (raw.pendingActivities ?? []).flatMap(({ lastFailure }) =>
    lastFailure?.applicationFailureInfo?.type === FailureType.StoreNotSeen ? [lastFailure.message ?? ''] : [],
  );
}

describe('two workers that ask for one run', () => {
  it('share it and the declared rate, one that sees another store takes no part, and when one is killed the other one loses nothing', async () => {
    const up = await startUp(newFolder(), { roles: ['orchestrator', 'student'] });
    const [first, second] = await Promise.all([startTeacherWorker(up), startTeacherWorker(up)]);
    const teacher = await startTeacher({ replies: demoReplies, latencyMs: 60, jitter: 0.5 });
    // For each process it is in its own working directory, as a path is on each machine's own disk.
    const store = { store: join(up.folder, 'shared'), storeAddress: join(OWN_DIRECTORY, 'shared') };
    const set = {
      'annotation.chunkTexts': TEXTS / CHUNKS,
      'annotation.window': 2 * CONCURRENCY,
      'teacher.concurrency': CONCURRENCY,
      'teacher.requestsPerMinute': 60 * PER_SECOND,
    };
    const run = await AnnotatedRun.start({ up, teacher, workflowId: 'shared', set, ...store });

    await untilAsking(teacher);
    const elsewhere = newFolder();
    const { ref } = await openFileStore(join(elsewhere, 'shared'));
    const stranger = await startTeacherWorker(up, elsewhere);
    let refused: string[] = [];
    await eventually(async () => {
      refused = await refusals(run);
      return refused.length > 0;
    });
    stranger.kill();
    expect(refused[0]).toMatch(
      new RegExp(
        `^this worker does not see the store of the run: file://${OWN_DIRECTORY}/shared has id ${ref.id} here, the run's has [0-9a-f-]{36}\\. Mount the same folder on every worker`,
      ),
    );
    expect(readdirSync(join(elsewhere, 'shared')).sort()).toEqual(['.tmp', 'store.json']);

    const before = { at: performance.now(), ...(await teacher.stats()) };
    const ended = (by: ReadonlyMap<number, number>) => (by.get(first.pid) ?? 0) + (by.get(second.pid) ?? 0);
    let shares = new Map<number, number>();
    await eventually(async () => {
      shares = await chunksByWorker(run).catch(() => shares); // It has not begun.
      return ended(shares) >= CHUNKS_BEFORE_THE_KILL;
    });
    const { requests } = await teacher.stats();
    const seconds = (performance.now() - before.at) / 1000;
    second.kill();
    // Each may have saved up a second's worth of its half.
    expect(requests - before.requests).toBeLessThanOrEqual(PER_SECOND * (seconds + 1));
    expect(shares.has(stranger.pid)).toBe(false);
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
