import type { WorkflowHandle } from '@temporalio/client';
import { type BudgetOutcome, type ChunkInput, DistillationResult, type Progress } from '../../src/contracts/index.js';
import { NO_LIMIT } from '../../src/voting/index.js';
import { CALLS_A_CHUNK, preparedRun } from './prepared-run.js';
import { type Activities, ALL_CHUNKS, chunkResult, countsOf } from './stand-in-activities.js';
import { askProgress, atGate, eventually, metadataOf, progressWhen, statusOf, WorkflowBed } from './workflow-bed.js';

const HOUR_MS = 3_600_000;

let bed: WorkflowBed;
beforeAll(async () => {
  bed = await WorkflowBed.start();
});
afterAll(() => bed?.stop());

/** Asks as long as the grant lasts: a call takes 100 tokens and 10 micro-dollars, a text three calls. */
const annotateChunk = async ({ chunk, grant }: ChunkInput) => {
  const [byTokens, byMicros] = [Math.floor((grant.tokens ?? 1e9) / 100), Math.floor((grant.micros ?? 1e9) / 10)];
  const calls = Math.min(CALLS_A_CHUNK, grant.calls ?? CALLS_A_CHUNK, byTokens, byMicros);
  const counts = countsOf({ calls, texts: Math.floor(calls / 3) });
  return chunkResult(chunk, { complete: calls === CALLS_A_CHUNK, counts });
};

function distill(changes: Parameters<typeof preparedRun>[1], answers: Partial<Activities> = {}) {
  const prepare = async ({ workflowId }: { workflowId: string }) =>
    preparedRun(workflowId, { budgetDeadlineMs: HOUR_MS, ...changes });
  return bed.distill({ prepare, annotateChunk, ...answers }, { until: 'vote' });
}

function waiting(handle: WorkflowHandle): Promise<Progress> {
  return progressWhen(handle, ({ budget }) => Boolean(budget?.waiting));
}

function raise(handle: WorkflowHandle, payload: Record<string, unknown>): Promise<BudgetOutcome> {
  return handle.executeUpdate('raiseBudget', { args: [{ reviewer: 'ana', ...payload }] });
}

function grantedCalls(handle: WorkflowHandle): number {
  const inputs = bed.standIns.inputs(handle.workflowId, 'annotateChunk');
  return Math.max(...inputs.map(({ grant }) => grant.calls ?? 0));
}

describe('a run whose budget is used up', () => {
  it('waits, says so on the board, and goes on with what is added', async () => {
    const handle = await distill({ budget: { ...NO_LIMIT, calls: 75 } });
    const { budget, paused, texts } = await waiting(handle);
    expect(paused).toBe(false);
    // 75 calls do for two chunks of 30 and five texts more.
    expect(texts.done).toBe(25);
    expect(budget?.waiting?.suggested).toEqual({ calls: 45 });
    const { currentDetails } = await metadataOf(handle);
    expect(currentDetails).toContain('## Waiting for you: the budget is used up');
    expect(currentDetails).toContain('| calls | 75 | 75 |');
    expect(currentDetails).toContain(`--name raiseBudget --input '{"calls":45,"reviewer":"YOUR-NAME"}'`);
    const shard = bed.client.getHandle(`${handle.workflowId}.annotation-1`);
    expect((await metadataOf(shard)).currentDetails).toContain('**The budget is used up.**');
    const review = bed.client.getHandle(`${handle.workflowId}.review-budget`);
    expect((await metadataOf(review)).currentDetails).toContain('## Waiting for a person: the budget of complaints');

    expect(await raise(handle, { calls: 45 })).toMatchObject({ added: { calls: 45 }, limits: { calls: 120 } });
    const result = DistillationResult.parse(await handle.result());
    expect(result.annotation.calls).toBe(120);
    expect(result.budget).toMatchObject([{ reviewer: 'ana', goOn: false, added: { calls: 45 } }]);
    expect(bed.standIns.inputs(handle.workflowId, 'vote')).toMatchObject([{ incompleteTexts: 0 }]);
    await eventually(async () => (await statusOf(review)) === 'COMPLETED');
  });

  it.each([
    ['dollars', { micros: 750 }, { usd: 0.0005 }, { micros: 1250 }],
    ['tokens', { tokens: 7500 }, { tokens: 5000 }, { tokens: 12_500 }],
  ])('waits in %s, too', async (_, limits, more, raised) => {
    const worstCall = { calls: 1, tokens: 100, micros: 10 };
    const handle = await distill({ budget: { ...NO_LIMIT, ...limits }, worstCall });
    await waiting(handle);
    expect(await raise(handle, more)).toMatchObject({ limits: raised });
    const { annotation } = DistillationResult.parse(await handle.result());
    expect(annotation.calls).toBe(120);
  });

  it('waits again when what was added is used up, and goes on by decision: with the labels there are', async () => {
    const handle = await distill({ budget: { ...NO_LIMIT, calls: 30 }, window: 1 });
    await waiting(handle);
    await handle.signal('raiseBudget', { calls: 15, reviewer: 'ana' });
    const { budget } = await progressWhen(handle, (now) => now.budget?.limits.calls === 45 && !!now.budget.waiting);
    expect(budget?.decisions).toHaveLength(1);
    expect(await raise(handle, { goOn: true, note: 'enough' })).toMatchObject({ goOn: true, note: 'enough' });
    const result = DistillationResult.parse(await handle.result());
    expect(result.annotation.calls).toBe(45);
    expect(grantedCalls(handle)).toBeLessThanOrEqual(45);
    // Every chunk was still looked at: replies of earlier runs cost nothing.
    const chunks = bed.standIns.inputs(handle.workflowId, 'annotateChunk').map(({ chunk }) => chunk);
    expect([...new Set(chunks)].sort()).toEqual(ALL_CHUNKS);
    expect(bed.standIns.inputs(handle.workflowId, 'vote')).toMatchObject([{ incompleteTexts: 25 }]);
  });

  it('goes on by itself after the deadline, in all its shards', async () => {
    const handle = await distill({ budget: { ...NO_LIMIT, calls: 35 }, chunksPerShard: 2, budgetDeadlineMs: 1500 });
    const result = DistillationResult.parse(await handle.result());
    expect(result.budget).toMatchObject([{ reviewer: 'deadline', goOn: true }]);
    expect(result.annotation.calls).toBe(35);
  });

  it('ends as cancelled while it waits, and so does its reminder', async () => {
    const handle = await distill({ budget: { ...NO_LIMIT, calls: 75 } });
    await waiting(handle);
    await handle.cancel();
    await handle.result().catch(() => undefined);
    expect(await statusOf(handle)).toBe('CANCELLED');
    expect(await statusOf(bed.client.getHandle(`${handle.workflowId}.review-budget`))).toBe('CANCELLED');
    expect((await askProgress(handle)).budget?.waiting).toBeNull();
  });
});

describe('a budget that is raised before it is used up', () => {
  it('suffices: the run never waits', async () => {
    let released = false;
    const handle = await distill(
      { budget: { ...NO_LIMIT, calls: 75 }, chunksPerShard: 2, window: 1 },
      {
        annotateChunk: async (input) => {
          while (!released) await new Promise((resolve) => setTimeout(resolve, 20));
          return annotateChunk(input);
        },
      },
    );
    await progressWhen(handle, () => bed.standIns.inputs(handle.workflowId, 'annotateChunk').length > 0);
    await raise(handle, { calls: 45, decisionId: 'one' });
    await raise(handle, { calls: 45, decisionId: 'one' });
    released = true;
    const result = DistillationResult.parse(await handle.result());
    expect(result.annotation.calls).toBe(120);
    expect(result.budget).toHaveLength(1);
    expect((await askProgress(handle)).budget?.limits.calls).toBe(120);
  });
});

describe('a decision that does not fit', () => {
  it('is refused before it is taken, and as a signal shown on the board', async () => {
    const handle = await distill({ budget: { ...NO_LIMIT, calls: 75 } });
    await waiting(handle);
    await expect(raise(handle, { usd: 5 })).rejects.toMatchObject({
      cause: { type: 'InvalidInput', message: 'usd: the run has no limit in usd that could be raised' },
    });
    await expect(raise(handle, { calls: 0 })).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
    await handle.signal('raiseBudget', { calls: 5 });
    const { ignored } = await progressWhen(handle, (now) => now.ignored.length === 1);
    expect(ignored[0]).toMatch(/^signal raiseBudget: reviewer/);
    // A refusal leaves nothing in the history.
    const { events } = await handle.fetchHistory();
    expect((events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toEqual([]);
    await raise(handle, { goOn: true });
    await handle.result();
  });

  it('is refused when the labels are approved: the teacher is asked nothing more', async () => {
    const handle = await bed.distill(
      { prepare: async ({ workflowId }) => preparedRun(workflowId, { budget: { ...NO_LIMIT, calls: 500 } }) },
      {},
    );
    await atGate(handle, 'labels');
    // A revision may ask more.
    expect(await raise(handle, { calls: 5 })).toMatchObject({ limits: { calls: 505 } });
    await handle.signal('approve', { gate: 'labels', reviewer: 'ana' });
    await atGate(handle, 'deployment');
    await expect(raise(handle, { calls: 5 })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('the labels are approved; nothing more is spent') },
    });
    await handle.cancel();
  });
});
