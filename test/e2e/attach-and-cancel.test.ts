/** A run outlives the command that started it: attaching, Ctrl-C, detaching, pausing, cancelling, and what each of them pays. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Retention } from '../../src/cli/retention.js';
import type { Progress } from '../../src/contracts/index.js';
import { newFolder, type TutelageProcess } from '../cli/tutelage-process.js';
import { type DemoFiles, demoFiles, demoReplies } from '../support/demo-data.js';
import { type LocalUp, resultOf, startTutelage, startUp, temporalCli, tutelage } from '../support/local-run.js';
import { type ReplayTeacher, startTeacher } from '../support/replay-teacher.js';
import { eventually } from '../workflows/workflow-bed.js';

const ROWS = 60;
/** For runs that must not end before somebody, at a busy machine, has stopped them. */
const MANY_ROWS = 120;
const VOTES = 3;
const CONCURRENCY = 4;
/** 180 calls, four at a time, take about five seconds, 360 about ten. */
const LATENCY_MS = 100;
const folder = newFolder();
let up: LocalUp;
let few: DemoFiles;
let many: DemoFiles;
let teacher: ReplayTeacher;

beforeAll(async () => {
  up = await startUp(folder);
  few = demoFiles(folder, { rows: ROWS, gold: 1 });
  many = demoFiles(folder, { rows: MANY_ROWS, gold: 1 });
});

beforeEach(async () => {
  teacher = await startTeacher({ replies: demoReplies, latencyMs: LATENCY_MS });
});

afterEach(() => teacher.stop());

/** Without gold rows, so that every call is the corpus's. Each test has a store, and so a run, of its own. */
function distillArguments(store: string, files = few): string[] {
  return [
    ...['distill', 'financial-sentiment', '--corpus', files.corpus, '--teacher-url', teacher.url],
    ...['--store', join(folder, store), '--set', `teacher.concurrency=${CONCURRENCY}`],
    ...['--set', 'annotation.chunkTexts=20', '--approve-as', 'ci', '--json'],
  ];
}

const start = (args: readonly string[]) => startTutelage(args, { cwd: folder });
const run = (...args: string[]) => tutelage(args, { cwd: folder });

async function runIdOf(process: TutelageProcess): Promise<string> {
  await process.says(/run \S+, board/);
  return /run (\S+), board/.exec(process.output)?.[1] ?? '';
}

async function untilRequests(wanted: number): Promise<void> {
  while ((await teacher.stats()).requests < wanted) await sleep(20);
}

describe('the same command', () => {
  it('given twice at once shares one run, and both see its result', async () => {
    const both = [await start(distillArguments('shared')), await start(distillArguments('shared'))];
    const ended = await Promise.all(both.map((each) => each.ended));

    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    const results = ended.map(({ stdout }) => JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
    expect(results[0]).toEqual(results[1]);
    expect(results[0].deployment).toMatchObject({ version: 1 });
    const { requests, paidTwice } = await teacher.stats();
    expect(requests).toBe(ROWS * VOTES);
    expect(paidTwice).toBe(0);
  });

  it('attaches to a run that was detached, and pausing held', async () => {
    const detached = await run(...distillArguments('detached', many), '--detach');
    expect(detached.code).toBe(0);
    const { workflowId } = detached.json as { workflowId: string };
    expect(detached.stderr).toContain(`Follow it with: tutelage watch ${workflowId}`);

    await untilRequests(10);
    await run('pause', workflowId);
    // Calls in flight come back, and each chunk reads the order within a second.
    await sleep(1500);
    const held = await teacher.stats();
    const once = await run('watch', workflowId, '--once', '--json');
    expect(once.json as Progress).toMatchObject({ stage: 'annotate', paused: true, pauseReason: 'a person paused it' });
    expect(await teacher.stats()).toMatchObject({ requests: held.requests, inFlight: 0 });
    expect(held.requests).toBeLessThan(MANY_ROWS * VOTES);

    // The run ends nothing meanwhile: the watching ends by itself, and quietly.
    const watching = await start(['watch', workflowId]);
    await watching.says(/paused: a person paused it/);
    watching.pressCtrlC();
    expect((await watching.ended).stderr).toMatch(new RegExp(`Come back with: tutelage watch ${workflowId}\n$`));

    await run('resume', workflowId);
    const attached = await run(...distillArguments('detached', many));
    expect(attached.code).toBe(0);
    expect(attached.stderr).toMatch(/this run was started at \S+ and is still open: attached to it/);
    expect(resultOf(attached)).toMatchObject({ workflowId, annotation: { calls: MANY_ROWS * VOTES, uncertain: 0 } });
    expect((await teacher.stats()).requests).toBe(MANY_ROWS * VOTES);
  });
});

describe('Ctrl-C on tutelage distill', () => {
  it('ends the watching only, says how to come back, and watch brings the result', async () => {
    const watching = await start(distillArguments('interrupted'));
    const workflowId = await runIdOf(watching);
    await untilRequests(10);
    watching.pressCtrlC();
    const { code, stderr } = await watching.ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`The run goes on. Come back with: tutelage watch ${workflowId}`);

    const watched = await run('watch', workflowId, '--json');
    expect(watched.code).toBe(0);
    expect(resultOf(watched)).toMatchObject({ workflowId, deployment: { version: 1 } });
    expect((await teacher.stats()).requests).toBe(ROWS * VOTES);
  });
});

describe('tutelage cancel', () => {
  it('stops the calls within two seconds, and the same command pays for the rest only', async () => {
    const watching = await start(distillArguments('cancelled', many));
    const workflowId = await runIdOf(watching);
    await untilRequests(30);
    expect((await run('cancel', workflowId)).stdout).toBe(`${workflowId}: cancellation requested\n`);
    const ended = await watching.ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('the run was cancelled; replies that were paid for are kept');

    const before = await teacher.stats();
    expect(before.inFlight).toBe(0);
    expect(before.requests).toBeLessThan(MANY_ROWS * VOTES);
    expect((before.lastAt ?? 0) - (await cancelledAt(workflowId))).toBeLessThan(2000);

    const again = await run(...distillArguments('cancelled', many));
    expect(again.code).toBe(0);
    const { annotation } = resultOf(again);
    expect(annotation.calls + annotation.reused).toBe(MANY_ROWS * VOTES);
    // What was in flight when it was cancelled may have been billed, and is asked again.
    expect(annotation.reused).toBeGreaterThanOrEqual(before.answered200 - CONCURRENCY);
    expect(await run('cancel', workflowId)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`the run ${workflowId} has ended already\n  How: tutelage watch ${workflowId}`),
    });
    const after = await teacher.stats();
    expect(after.requests - before.requests).toBe(annotation.calls);
  });
});

describe('tutelage store gc', () => {
  it('takes a run that was terminated in Temporal for ended, and none that goes on', async () => {
    const detached = await run(...distillArguments('terminated', many), '--detach');
    const { workflowId } = detached.json as { workflowId: string };
    await untilRequests(10);
    const judged = async () => (await run('store', 'gc', '--store', 'terminated', '--keep-days', '0', '--json')).json;
    expect(await judged()).toMatchObject({ kept: { open: 1 }, outdated: [] });
    await temporalCli(['workflow', 'terminate', '-w', workflowId], { address: up.address, cwd: folder });
    await eventually(async () => {
      const { kept, outdated } = (await judged()) as Retention;
      return kept.open === 0 && outdated.some((each) => each.folder.startsWith(`runs/${workflowId}/`));
    });
  });
});

async function cancelledAt(workflowId: string): Promise<number> {
  const { json } = await temporalCli(['workflow', 'show', '-w', workflowId, '--output', 'json'], {
    address: up.address,
    cwd: folder,
  });
  const { events } = json as { events: { eventType: string; eventTime: string }[] };
  const asked = events.find(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED');
  return Date.parse(asked?.eventTime ?? '');
}
