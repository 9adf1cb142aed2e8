import { setTimeout as sleep } from 'node:timers/promises';
import { newFolder, serverProcess, until } from '../cli/tutelage-process.js';
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

const OUTAGE_MS = 25_000;

describe('a Temporal server that is away for longer than a heartbeat time-out', () => {
  it('finds the chunks that ended meanwhile done: they are not asked again', async () => {
    const seed = faultsSeed();
    const folder = newFolder();
    const up = await startUp(folder);
    const expected = await undisturbedLabels(up);
    const teacher = await startTeacher({ replies: demoReplies, latencyMs: 100, jitter: 0.5 });
    // All chunks are at work at once, and ready in some 8 s: during the outage.
    const set = { 'annotation.chunkTexts': 60, 'annotation.window': 8, 'teacher.concurrency': 16 };
    const run = await AnnotatedRun.start({ up, teacher, workflowId: 'outage', set });
    await untilAsking(teacher);
    await sleep(randomMoment(500, 3000, seed, 'moment of the outage'));

    const { pid } = serverProcess(folder);
    const upPid = up.process.child.pid ?? 0;
    // Suspended, `up` can't start the server again.
    process.kill(upPid, 'SIGSTOP');
    try {
      console.log(`SIGKILL to the Temporal server with ${await untilAsking(teacher)} calls in flight`);
      process.kill(pid, 'SIGKILL');
      await sleep(OUTAGE_MS);
    } finally {
      process.kill(upPid, 'SIGCONT');
    }
    const meanwhile = await teacher.stats();
    expect(meanwhile).toMatchObject({ requests: QUESTIONS, questions: QUESTIONS, inFlight: 0 });
    const owners = [...run.books().byOwner.keys()];
    await until(() => serverProcess(folder).pid !== pid);
    await run.untilLabelled();

    expect(await teacher.stats()).toEqual(meanwhile);
    expect(run.labels()).toEqual(expected);
    expect(await run.counts()).toMatchObject({ texts: TEXTS, calls: QUESTIONS, replies: QUESTIONS, uncertain: 0 });
    // They were indeed run again, for the server had heard nothing of their end; and ended at once, without a claim.
    expect([...run.books().byOwner.keys()]).toEqual(owners);
    const { events } = await run.shard().fetchHistory();
    const attempts = (events ?? []).flatMap((event) => event.activityTaskStartedEventAttributes?.attempt ?? []);
    console.log(`attempts of the shard's activities: ${attempts.join(', ')}`);
    expect(Math.max(...attempts)).toBeGreaterThan(1);
  });
});
