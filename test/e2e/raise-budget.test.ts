import { newFolder } from '../cli/tutelage-process.js';
import { AnnotatedRun, QUESTIONS, TEXTS } from '../faults/annotated-run.js';
import { demoReplies } from '../support/demo-data.js';
import { type LocalUp, startUp, tutelage } from '../support/local-run.js';
import { type ReplayTeacher, startTeacher } from '../support/replay-teacher.js';
import { eventually } from '../workflows/workflow-bed.js';

const CALLS = 300;
const set = { 'annotation.chunkTexts': 60, 'annotation.window': 3, 'budget.calls': CALLS };
const waits = { ...set, 'budget.whenUsedUp': 'wait' };

let up: LocalUp;
let teacher: ReplayTeacher;
beforeAll(async () => {
  up = await startUp(newFolder());
  teacher = await startTeacher({ replies: demoReplies });
});

/** The first one tries whether the teacher answers; its reply is kept and counted like all others. */
async function requestsSince(before: number): Promise<number> {
  return (await teacher.stats()).requests - before;
}

describe('a run whose budget is used up', () => {
  it('waits, spends nothing meanwhile, and goes on with what the command line adds', async () => {
    const before = (await teacher.stats()).requests;
    const run = await AnnotatedRun.start({ up, teacher, workflowId: 'raised', set: waits });
    await eventually(async () => Boolean((await run.progress()).budget?.waiting));
    expect(await requestsSince(before)).toBeLessThanOrEqual(CALLS);
    const budget = (...args: string[]) => tutelage(['budget', 'raised', '--as', 'ana', ...args], { cwd: up.folder });
    const [dollars, nothing] = await Promise.all([budget('--add-usd', '1'), budget()]);
    expect(dollars).toMatchObject({ code: 2, stderr: expect.stringContaining('the run has no limit in usd') });
    expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining('Give --add-usd') });

    const added = await budget('--add-calls', String(QUESTIONS), '--json');
    expect(added.json).toMatchObject({ workflowId: 'raised', reviewer: 'ana', limits: { calls: CALLS + QUESTIONS } });
    await run.untilLabelled();
    expect(await run.counts()).toMatchObject({ texts: TEXTS, replies: QUESTIONS, calls: QUESTIONS });
    expect(await requestsSince(before)).toBe(QUESTIONS);
  });

  it('goes on by itself when the deadline has passed', async () => {
    const late = { ...waits, 'budget.deadlineHours': 0.001 };
    const run = await AnnotatedRun.start({ up, teacher, workflowId: 'late', set: late });
    await run.untilLabelled();
    const { budget, texts } = await run.progress();
    expect(budget?.decisions).toMatchObject([{ goOn: true, reviewer: 'deadline' }]);
    expect(texts.done).toBeLessThan(TEXTS);
  });

  it('does not wait where nobody decides at its labels gate', async () => {
    const before = (await teacher.stats()).requests;
    const run = await AnnotatedRun.start({ up, teacher, workflowId: 'goes-on', set });
    await run.untilLabelled();
    expect((await run.progress()).budget?.decisions).toEqual([]);
    expect(await requestsSince(before)).toBeLessThanOrEqual(CALLS);
    expect((await run.counts()).texts).toBeLessThan(TEXTS);
    const { annotation } = await run.handle.result();
    expect(annotation.incomplete).toBe(annotation.texts - (await run.progress()).annotation.texts);
    const shown = await tutelage(['watch', 'goes-on'], { cwd: up.folder });
    expect(shown.stdout).toContain(`incomplete  ${annotation.incomplete} texts did not get all their votes`);
    const paused = await tutelage(['pause', 'goes-on'], { cwd: up.folder });
    expect(paused).toMatchObject({ code: 1, stderr: expect.stringContaining('no open run is called goes-on here') });
  });
});
