/** Runs whose histories are kept, so that later code can be tried on them: one for each way through the workflows. */
import type { WorkflowHandle } from '@temporalio/client';
import type { ChunkInput, PreparedRun } from '../../src/contracts/index.js';
import { TASK_QUEUES } from '../../src/contracts/index.js';
import { NO_LIMIT } from '../../src/voting/index.js';
import { check, preparedRun } from './prepared-run.js';
import { type Activities, busyChunk, chunkResult, failure, VOTED } from './stand-in-activities.js';
import { atGate, eventually, INPUT, progressWhen, type WorkflowBed } from './workflow-bed.js';

const HOUR_MS = 3_600_000;

/** Runs everything; resolves to the ids of all workflows by the name of their history. */
export async function runAll(bed: WorkflowBed): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  for (const [name, run] of Object.entries(RUNS)) {
    const handle = await run(bed, `recorded-${name}`);
    await handle.result().catch(() => undefined);
    ids[name] = handle.workflowId;
  }
  return {
    ...ids,
    'annotation-two-shards': 'recorded-two-shards.annotation-2',
    'annotation-batches': 'recorded-batches.annotation-1',
    'annotation-batches-cancelled': 'recorded-batches-cancelled.annotation-1',
    'annotation-paused': 'recorded-paused.annotation-1',
    'annotation-cancelled': 'recorded-cancelled.annotation-1',
    'annotation-failed': 'recorded-failed.annotation-1',
    'review-decided': 'recorded-signals.review-labels',
    'review-deadline': 'recorded-deadline.review-labels',
    'review-cancelled': 'recorded-cancelled-at-gate.review-labels',
  };
}

type Run = (bed: WorkflowBed, workflowId: string) => Promise<WorkflowHandle>;

const RUNS: Record<string, Run> = {
  signals: async (bed, workflowId) => {
    const handle = await bed.distill({}, {}, workflowId);
    await atGate(handle, 'labels');
    await handle.signal('approve', { gate: 'deployment', reviewer: 'ana' });
    await handle.signal('approve', { gate: 'labels', reviewer: 'ana' });
    await handle.signal('approve', { gate: 'labels', reviewer: 'ana' });
    await atGate(handle, 'deployment');
    await handle.signal('approve', { gate: 'deployment', reviewer: 'ben' });
    return handle;
  },

  'update-with-corrections': async (bed, workflowId) => {
    const handle = await bed.distill({ vote: failingVote }, {}, workflowId);
    await atGate(handle, 'labels');
    const decision = { gate: 'labels', decision: 'approve', reviewer: 'ana', corrections: 'store:fixed.jsonl' };
    await handle.executeUpdate('decide', { args: [decision] });
    await atGate(handle, 'deployment');
    await handle.signal('reject', { gate: 'deployment', reviewer: 'ben', note: 'not yet' });
    return handle;
  },

  revised: async (bed, workflowId) => {
    const handle = await bed.distill(prepared({ searchAttributes: true }), {}, workflowId);
    await atGate(handle, 'labels');
    const revision = { guideline: 'Be strict.', doubted: true };
    await handle.signal('revise', { gate: 'labels', reviewer: 'ana', revision });
    await progressWhen(handle, (now) => now.waitingFor !== null && now.revisions.length === 1);
    const decision = {
      gate: 'labels',
      decision: 'revise',
      reviewer: 'ana',
      revision: { guideline: 'Be kind.', labels: ['praise'] },
    };
    await handle.executeUpdate('decide', { args: [decision] });
    await progressWhen(handle, (now) => now.waitingFor !== null && now.revisions.length === 2);
    await handle.signal('approve', { gate: 'labels', reviewer: 'ana' });
    await atGate(handle, 'deployment');
    await handle.signal('approve', { gate: 'deployment', reviewer: 'ben' });
    return handle;
  },

  automatic: (bed, workflowId) => bed.distill(prepared({ searchAttributes: true }), { approveAs: 'ana' }, workflowId),

  'two-shards': (bed, workflowId) =>
    bed.distill(
      {
        ...prepared({ chunks: 4, chunksPerShard: 2, budget: { ...NO_LIMIT, calls: 100 } }),
        annotateChunk: async ({ chunk, grant }: ChunkInput) => {
          const calls = Math.min(30, grant.calls ?? 30);
          return chunkResult(chunk, { calls, complete: calls === 30 });
        },
      },
      { approveAs: 'ana' },
      workflowId,
    ),

  batches: (bed, workflowId) => {
    const steps = new Map<number, number>();
    return bed.distill(
      {
        ...prepared({ batches: { pollMs: 50 } }),
        stepChunk: async ({ chunk }: ChunkInput) => {
          const step = (steps.get(chunk) ?? 0) + 1;
          steps.set(chunk, step);
          return { result: step < 3 ? null : chunkResult(chunk), waitMs: step === 1 ? 50 : null };
        },
      },
      { approveAs: 'ana' },
      workflowId,
    );
  },

  'batches-cancelled': async (bed, workflowId) => {
    const answers = {
      ...prepared({ batches: { pollMs: 50 } }),
      stepChunk: async () => ({ result: null, waitMs: null }),
      lookAtBatches: async () => ({ ended: [], progress: null }),
      closeBatches: async () => (bed.standIns.inputs(workflowId, 'closeBatches').length < 2 ? [0] : []),
    };
    const handle = await bed.distill(answers, {}, workflowId);
    await eventually(() => bed.standIns.inputs(workflowId, 'lookAtBatches').length > 1);
    await handle.cancel();
    return handle;
  },

  paused: async (bed, workflowId) => {
    let released = false;
    let stopped = 0;
    const annotateChunk = (input: ChunkInput) =>
      busyChunk(bed.standIns, input, () => released).catch((error) => {
        stopped++;
        throw error;
      });
    const handle = await bed.distill({ annotateChunk }, { approveAs: 'ana' }, workflowId);
    await eventually(() => bed.standIns.inputs(workflowId, 'annotateChunk').length === 2);
    await handle.signal('pause');
    await eventually(() => stopped === 2);
    released = true;
    await handle.signal('resume');
    return handle;
  },

  cancelled: async (bed, workflowId) => {
    const handle = await bed.distill({ annotateChunk: (input) => busyChunk(bed.standIns, input) }, {}, workflowId);
    await eventually(() => bed.standIns.inputs(workflowId, 'annotateChunk').length === 2);
    await handle.cancel();
    return handle;
  },

  'cancelled-at-gate': async (bed, workflowId) => {
    const handle = await bed.distill({}, {}, workflowId);
    await atGate(handle, 'labels');
    await handle.cancel();
    return handle;
  },

  failed: (bed, workflowId) => {
    const annotateChunk = async (input: ChunkInput) => {
      if (input.chunk === 0) throw failure('TeacherRefused', 'the teacher refuses the key');
      return busyChunk(bed.standIns, input);
    };
    return bed.distill({ annotateChunk }, {}, workflowId);
  },

  deadline: async (bed, workflowId) => {
    const answers = prepared();
    const prepare = answers.prepare;
    return bed.distill(
      {
        prepare: async (input) => {
          const run = await prepare(input);
          run.gates.labels.deadlineHours = 1500 / HOUR_MS;
          run.gates.labels.reminderHours = 400 / HOUR_MS;
          return run;
        },
      },
      {},
      workflowId,
    );
  },

  redistillation: async (bed, workflowId) => {
    const options = { workflowId, taskQueue: TASK_QUEUES.orchestrator, args: [{ ...INPUT, approveAs: 'ana' }] };
    return bed.client.start('redistillation', options);
  },
};

const failingVote: Activities['vote'] = async () => ({ ...VOTED, checks: [check('alpha', false)] });

function prepared(changes: Partial<PreparedRun> = {}) {
  return { prepare: async ({ workflowId }: { workflowId: string }) => preparedRun(workflowId, changes) };
}
