import { setTimeout as sleep } from 'node:timers/promises';
import { newFolder, serverProcess, until, workerProcesses } from '../cli/tutelage-process.js';
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
const WORKER_KILLS = 5;

describe('a run whose teacher worker is killed again and again, and its server once', () => {
  it('ends with the labels of an undisturbed run, and pays again for calls that were in flight only', async () => {
    const seed = faultsSeed();
    const folder = newFolder();
    const up = await startUp(folder);
    const expected = await undisturbedLabels(up);
    // 1260 replies take at least 16 s: enough for all kills.
    const teacher = await startTeacher({
      replies: demoReplies,
      latencyMs: 100,
      jitter: 0.5,
      share429: 0.01,
      share500: 0.02,
    });
    const set = { 'annotation.chunkTexts': 20, 'annotation.window': 4, 'teacher.concurrency': CONCURRENCY };
    const run = await AnnotatedRun.start({ up, teacher, workflowId: 'disturbed', set });

    const serverKill = randomMoment(0, WORKER_KILLS - 1, seed, 'server');
    let requests = 1;
    for (let kill = 0; kill < WORKER_KILLS; kill++) {
      await untilAsking(teacher, requests);
      if (kill === serverKill) {
        await sleep(randomMoment(0, 1500, seed, 'moment of the server'));
        const { pid } = serverProcess(folder);
        console.log(`SIGKILL to the Temporal server with ${await untilAsking(teacher)} calls in flight`);
        process.kill(pid, 'SIGKILL');
        await until(() => serverProcess(folder).pid !== pid);
      }
      await sleep(randomMoment(200, 2000, seed, `moment of kill ${kill}`));
      const pid = workerProcesses(folder).teacher?.pid ?? 0;
      console.log(`SIGKILL to the teacher worker with ${await untilAsking(teacher)} calls in flight`);
      process.kill(pid, 'SIGKILL');
      await until(() => ![undefined, pid].includes(workerProcesses(folder).teacher?.pid));
      requests = (await teacher.stats()).requests;
    }
    await run.untilLabelled();

    const stats = await teacher.stats();
    const counts = await run.counts();
    const books = run.books();
    console.log(
      `${stats.requests} requests, ${stats.answered200} replies to ${stats.questions} questions, ${stats.repeats} paid again; the run counts ${counts.calls} calls, ${counts.uncertain} uncertain`,
    );
    expect(run.labels()).toEqual(expected);
    expect(Object.values(run.labels()).every(({ votes }) => votes === 3)).toBe(true);
    expect(stats).toMatchObject({ questions: QUESTIONS, unknown: 0, dropped: 0 });
    expect(counts).toMatchObject({ texts: TEXTS, replies: QUESTIONS, reused: 0 });

    // What was paid again was in flight at a kill. The run's books say so: those calls are uncertain, except where the
    // server's death had another attempt take over from one that went on and closed its calls.
    expect(counts.uncertain).toBeLessThanOrEqual(CONCURRENCY * WORKER_KILLS);
    expect(stats.repeats).toBeLessThanOrEqual(counts.uncertain + CONCURRENCY);
    // Each request was written down before it was sent; a kill may fall between the two.
    expect(stats.requests).toBeLessThanOrEqual(counts.calls);
    expect(counts.calls).toBeLessThanOrEqual(stats.requests + counts.uncertain);
    expect(counts).toMatchObject({ calls: books.calls, uncertain: books.uncertain });
  });
});
