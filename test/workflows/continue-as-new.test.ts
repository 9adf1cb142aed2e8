import type { WorkflowHandle } from '@temporalio/client';
import {
  type ChunkInput,
  DistillationResult,
  type GateOutcome,
  RunState,
  ShardState,
  TASK_QUEUES,
} from '../../src/contracts/index.js';
import { emptyCounts, NO_LIMIT } from '../../src/voting/index.js';
import { RunReport } from '../../src/workflows/run-report.js';
import { CALLS_A_CHUNK, preparedRun } from './prepared-run.js';
import { BLOCKS, chunkResult, countsOf, REVISED, VOTED } from './stand-in-activities.js';
import { askProgress, atGate, failureOf, metadataOf, progressWhen, WorkflowBed } from './workflow-bed.js';

const CHUNKS = 36;
/** Events after which the server suggests to continue as new: some chunks, or a shard and its news. */
const SUGGESTED = 40;

let bed: WorkflowBed;
beforeAll(async () => {
  bed = await WorkflowBed.start({ suggestContinueAsNew: SUGGESTED });
});
afterAll(() => bed?.stop());

interface Execution {
  readonly runId: string;
  readonly events: number;
}

/** All executions of a workflow, the first one first. */
async function executionsOf({ workflowId }: { workflowId: string }): Promise<Execution[]> {
  const found: Array<Execution & { at: number }> = [];
  for await (const { runId, startTime } of bed.client.list({ query: `WorkflowId = "${workflowId}"` })) {
    const { events } = await bed.client.getHandle(workflowId, runId).fetchHistory();
    found.push({ runId, events: events?.length ?? 0, at: startTime.getTime() });
  }
  return found.sort((a, b) => a.at - b.at);
}

const annotateChunk = async ({ chunk, grant }: ChunkInput) => {
  const calls = Math.min(CALLS_A_CHUNK, grant.calls ?? CALLS_A_CHUNK);
  return chunkResult(chunk, { complete: calls === CALLS_A_CHUNK, counts: countsOf({ calls, texts: calls / 3 }) });
};

async function chunkGoal(handle: WorkflowHandle, chunks: number): Promise<void> {
  await progressWhen(handle, () => bed.standIns.inputs(handle.workflowId, 'annotateChunk').length >= chunks);
}

describe('a run whose histories get long', () => {
  it('continues as new, root and shard, and asks about each chunk once', async () => {
    const prepared = { chunks: CHUNKS, chunksPerShard: 18, window: 3, searchAttributes: true };
    const handle = await bed.distill(
      { prepare: async ({ workflowId }) => preparedRun(workflowId, prepared), annotateChunk },
      { until: 'vote' },
    );
    const { annotation } = DistillationResult.parse(await handle.result());
    expect(annotation.calls).toBe(CHUNKS * CALLS_A_CHUNK);
    const chunks = bed.standIns.inputs(handle.workflowId, 'annotateChunk').map(({ chunk }) => chunk);
    expect(chunks.sort((a, b) => a - b)).toEqual(Array.from({ length: CHUNKS }, (_, chunk) => chunk));

    const roots = await executionsOf(handle);
    const shards = await executionsOf({ workflowId: `${handle.workflowId}.annotation-1` });
    expect(roots).toHaveLength(2);
    expect(shards.length).toBeGreaterThan(1);
    // Beyond what the server suggests: the chunks at work then.
    for (const { events } of shards) expect(events).toBeLessThan(2 * SUGGESTED);

    // Whoever knows the workflow id sees the whole run.
    const progress = await askProgress(bed.client.getHandle(handle.workflowId));
    expect(progress).toMatchObject({ stage: 'done', texts: { done: 360, total: 360 }, task: 'complaints' });
    expect((await metadataOf(handle)).currentDetails).toContain('1 080 calls');
    const described = await bed.client.getHandle(handle.workflowId).describe();
    expect(described.searchAttributes).toMatchObject({ TutelageTask: ['complaints'], TutelageStage: ['done'] });
    // The folder of a run is named after its first execution.
    const [{ runId = '' } = {}] = roots;
    expect(bed.standIns.inputs(handle.workflowId, 'prepare')).toMatchObject([{ runId }]);
    expect(bed.standIns.inputs(handle.workflowId, 'setControl')).toHaveLength(2);
  });

  it('keeps its budget, its decisions and its pause', async () => {
    let released = 0;
    const budget = { ...NO_LIMIT, calls: 12 * CALLS_A_CHUNK };
    const prepared = { chunks: CHUNKS, chunksPerShard: 18, window: 1, budget, budgetDeadlineMs: 3_600_000 };
    const handle = await bed.distill(
      {
        prepare: async ({ workflowId }) => preparedRun(workflowId, prepared),
        annotateChunk: async (input) => {
          while (input.chunk >= released) await new Promise((resolve) => setTimeout(resolve, 20));
          return annotateChunk(input);
        },
      },
      { until: 'vote' },
    );
    const more = { calls: 12 * CALLS_A_CHUNK, reviewer: 'ana', decisionId: 'once' };
    await chunkGoal(handle, 1);
    await handle.executeUpdate('raiseBudget', { args: [more] });
    released = 11;
    // The shard has continued as new by then. It is paused, and its last chunk ends while it is.
    await chunkGoal(handle, 12);
    expect(await executionsOf({ workflowId: `${handle.workflowId}.annotation-1` })).not.toHaveLength(1);
    await handle.signal('pause');
    await progressWhen(handle, ({ paused }) => paused);
    released = CHUNKS;
    await handle.signal('resume');
    await progressWhen(handle, (now) => Boolean(now.budget?.waiting));
    expect(await executionsOf(handle)).toHaveLength(2);
    // 24 chunks are paid for. The same decision again adds nothing.
    expect(await handle.executeUpdate('raiseBudget', { args: [more] })).toMatchObject({ limits: { calls: 720 } });
    const progress = await askProgress(handle);
    expect(progress).toMatchObject({ annotation: { calls: 720 }, texts: { done: 240 } });
    expect(progress.budget?.decisions).toHaveLength(1);
    await handle.executeUpdate('raiseBudget', { args: [{ ...more, decisionId: 'rest' }] });
    const result = DistillationResult.parse(await handle.result());
    expect(result.annotation.calls).toBe(CHUNKS * CALLS_A_CHUNK);
    expect(result.budget.map(({ limits }) => limits.calls)).toEqual([720, 1080]);
  });

  it('carries the labels at the gate, and asks the revision that was decided on', async () => {
    const prepared = { chunks: 18, chunksPerShard: 18, window: 3 };
    const handle = await bed.distill({
      prepare: async ({ workflowId }) => preparedRun(workflowId, prepared),
      annotateChunk,
    });
    await atGate(handle, 'labels');
    const revision = { guideline: 'Be strict.', doubted: true };
    const decision = { gate: 'labels', decision: 'revise', reviewer: 'ana', decisionId: 'once', revision };
    const outcome = await handle.executeUpdate('decide', { args: [decision] });
    const latest = bed.client.getHandle(handle.workflowId);
    const again = await progressWhen(latest, (now) => now.waitingFor !== null && now.revisions.length === 1);
    expect((await executionsOf(handle)).length).toBeGreaterThan(1);
    expect(again).toMatchObject({ texts: { done: 180, total: 180 }, annotation: { calls: 19 * CALLS_A_CHUNK } });
    expect((await metadataOf(latest)).currentDetails).toContain(
      '39 of 40 texts labelled, alpha 0.900, revision 1 by ana',
    );
    for (const activity of ['prepare', 'prepareRevision'] as const) {
      expect(bed.standIns.inputs(handle.workflowId, activity)).toHaveLength(1);
    }
    expect(bed.standIns.inputs(handle.workflowId, 'annotateChunk')).toHaveLength(19);
    // The decision counts once, whichever execution hears of it.
    expect(await latest.executeUpdate('decide', { args: [decision] })).toEqual(outcome);
    await latest.terminate();
  });

  it('refuses a second argument that no run carried over', async () => {
    const args = [{ task: 'complaints', corpus: '/texts.jsonl' }, { nextChunk: 1 }];
    const handle = await bed.client.start('distillation', {
      workflowId: 'second-argument',
      taskQueue: TASK_QUEUES.orchestrator,
      args,
    });
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
  });
});

describe('what is carried over', () => {
  const prepared = preparedRun('run', { budget: { calls: 5, tokens: null, micros: 7 }, budgetDeadlineMs: 10 });
  const result = { corpus: countsOf({ calls: 9 }), gold: emptyCounts(), failedChunks: 1 };
  const pace = { perMinute: 60, unit: 'calls' as const, by: 'task' as const };

  it('by a shard comes back as it was', () => {
    const state: ShardState = {
      nextChunk: 7,
      done: 6,
      result,
      taken: { calls: 9, tokens: 900, micros: 90 },
      withoutGrant: [{ chunk: 8, spent: { calls: 1, tokens: 100, micros: 10 } }],
      budget: { version: 2, limits: prepared.budget, waits: true },
      paused: true,
      pauseReason: 'the teacher is away',
      pace,
    };
    expect(ShardState.strict().parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
  });

  it('by a root comes back as it was', () => {
    const report = new RunReport('run', () => {});
    report.prepared(prepared);
    const outcome = {
      added: { usd: 1, calls: 0, tokens: 0 },
      goOn: false,
      reviewer: 'ana',
      note: '',
      at: '2026-01-02T03:04:05.000Z',
      limits: prepared.budget,
    };
    report.budget({ limits: prepared.budget, decisions: [outcome], waiting: null });
    report.annotating(result, { calls: 9, texts: 10, seconds: 3, pace, batches: null, now: 0 });
    report.ignore('signal approve: no gate is open now');
    const plan = { number: 1, texts: 10, goldTexts: 2, decided: 1, examples: 3, callsAtMost: 30 };
    const decided: GateOutcome = {
      ...{ decision: 'revise', reviewer: 'ana', note: 'too kind', automatic: false, at: outcome.at },
      ...{ corrections: null, checks: [], revision: plan },
    };
    const vote = { prepared, failedChunks: 1, incompleteTexts: 2 };
    const run = { ...plan, prepared };
    const votes = { ...VOTED, revised: REVISED };
    const spent = {
      ...plan,
      ...REVISED,
      reviewer: 'ana',
      note: '',
      at: outcome.at,
      calls: 30,
      reused: 0,
      spentMicros: 300,
    };
    report.revised(votes, spent);
    const state: RunState = {
      prepared,
      nextChunk: 4,
      finished: result,
      before: result,
      labels: { vote, votes, revised: [run], asking: { run: { ...run, number: 2 }, outcome: decided } },
      decisions: [{ decisionId: 'once', gate: 'labels', outcome: decided }],
      pausedByPerson: true,
      askingSeconds: 3.5,
      budget: { limits: prepared.budget, waits: true, outcomes: [{ decisionId: 'once', outcome }] },
      progress: report.progress,
    };
    expect(RunState.strict().parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
  });
});

describe('a classification whose history gets long', () => {
  it('continues as new, and has each block answered once', async () => {
    const workflowId = `classification-${SUGGESTED}`;
    const args = [{ task: 'complaints', input: '/texts.csv', output: '/labelled.csv' }];
    const handle = await bed.client.start('classification', { workflowId, taskQueue: TASK_QUEUES.orchestrator, args });
    expect(await handle.result()).toMatchObject({ rows: 10 * BLOCKS, output: '/labelled.csv', version: 1 });
    const executions = await executionsOf(handle);
    expect(executions.length).toBeGreaterThan(1);
    const asked = bed.standIns.inputs(workflowId, 'classifyBlock').map(({ block }) => block);
    expect(asked.sort((a, b) => a - b)).toEqual(Array.from({ length: BLOCKS }, (_, block) => block));
    expect(bed.standIns.inputs(workflowId, 'splitRows')).toMatchObject([{ runId: executions[0]?.runId }]);
    const last = bed.client.getHandle(workflowId);
    expect(await last.query('classified')).toEqual({ rows: 10 * BLOCKS, total: 10 * BLOCKS });
    expect((await metadataOf(last)).currentDetails).toContain('600 of 600 rows answered by version 1');
  });

  it.each([
    [undefined, /the input is empty; it takes one JSON object: \{"task"/],
    [{ task: 'complaints', input: '/texts.csv', ouput: 'x.csv' }, /ouput.*did you mean "output"/s],
  ])('refuses the input %j', async (input, message) => {
    const workflowId = `classification-of-${input === undefined ? 'nothing' : 'a-misspelt-key'}`;
    const args = input === undefined ? [] : [input];
    const handle = await bed.client.start('classification', { workflowId, taskQueue: TASK_QUEUES.orchestrator, args });
    expect(await failureOf(handle)).toMatchObject({ type: 'InvalidInput', message: expect.stringMatching(message) });
  });
});
