import { type BatchesInput, type ChunkInput, DistillationResult, type PreparedRun } from '../../src/contracts/index.js';
import { preparedRun } from './prepared-run.js';
import { type Activities, ALL_CHUNKS, chunkResult, failure } from './stand-in-activities.js';
import { eventually, failureOf, metadataOf, progressWhen, statusOf, WorkflowBed } from './workflow-bed.js';

let bed: WorkflowBed;
beforeAll(async () => {
  bed = await WorkflowBed.start();
});
afterAll(() => bed?.stop());

const POLL_MS = 60;
const WAITS = { result: null, waitMs: null };
const OPEN = { batches: 2, requests: 100, since: '2026-01-01T00:00:00.000Z', due: '2026-01-02T00:00:00.000Z' };

/** A run that nobody has to approve, whose teacher answers in batches. */
function distill(answers: Partial<Activities>, changes: Partial<PreparedRun> = {}) {
  const prepare = async ({ workflowId }: { workflowId: string }) =>
    preparedRun(workflowId, { batches: { pollMs: POLL_MS }, ...changes });
  return bed.distill({ prepare, ...answers }, { approveAs: 'ana' });
}

/** Waits once for each chunk. */
function twoSteps() {
  const stepped = new Set<number>();
  return async ({ chunk }: ChunkInput) => {
    if (stepped.has(chunk)) return { result: chunkResult(chunk), waitMs: null };
    stepped.add(chunk);
    return WAITS;
  };
}

/** Milliseconds of each timer of the shard. */
async function pausesOf({ workflowId }: { workflowId: string }): Promise<number[]> {
  const { events } = await bed.client.getHandle(`${workflowId}.annotation-1`).fetchHistory();
  return (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) => {
    const { nanos, seconds } = timer?.startToFireTimeout ?? {};
    return timer ? [Number(seconds ?? 0) * 1000 + (nanos ?? 0) / 1e6] : [];
  });
}

describe('chunks in batches', () => {
  it('wait by timers, and are looked at together until their batches have ended', async () => {
    let looks = 0;
    const lookAtBatches = async ({ chunks }: BatchesInput) => {
      const ended = ++looks < 4 ? [] : chunks;
      return { ended, progress: ended.length > 0 ? null : { ...OPEN, answered: 25 * looks } };
    };
    const handle = await distill({ stepChunk: twoSteps(), lookAtBatches }, { window: 4 });
    const { annotation } = DistillationResult.parse(await handle.result());
    expect(annotation.calls).toBe(120);
    expect(bed.standIns.inputs(handle.workflowId, 'annotateChunk')).toEqual([]);
    // One look asks after all that wait.
    expect(bed.standIns.inputs(handle.workflowId, 'lookAtBatches').at(-1)?.chunks.sort()).toEqual(ALL_CHUNKS);
    expect(looks).toBe(4);
    const pauses = await pausesOf(handle);
    expect(pauses).toHaveLength(4);
    expect(pauses[0]).toBe(POLL_MS);
  });

  it('are on the board and in the progress, with the time when the provider gives up', async () => {
    let ended = false;
    const lookAtBatches = async ({ chunks }: BatchesInput) => ({
      ended: ended ? chunks : [],
      progress: ended ? null : { ...OPEN, answered: 50 },
    });
    const handle = await distill({ stepChunk: twoSteps(), lookAtBatches });
    const now = await progressWhen(handle, ({ batches }) => batches !== null);
    expect(now.batches).toEqual({ ...OPEN, answered: 50 });
    expect(now.secondsLeft).toBe(0);
    const says =
      '2 batches open since 2026-01-01T00:00Z, 50 of 100 requests answered, at the latest until 2026-01-02T00:00Z';
    expect((await metadataOf(handle)).currentDetails).toContain(says);
    const shard = bed.client.getHandle(`${handle.workflowId}.annotation-1`);
    expect((await metadataOf(shard)).currentDetails).toContain(says);
    ended = true;
    await handle.result();
    expect((await progressWhen(handle, ({ stage }) => stage === 'done')).batches).toBeNull();
  });

  it('are asked after again where the provider could not be reached', async () => {
    let looks = 0;
    const lookAtBatches = async ({ chunks }: BatchesInput) => {
      if (++looks === 1) throw failure('TeacherUnreachable', 'nothing answers');
      return { ended: chunks, progress: null };
    };
    const handle = await distill({ stepChunk: twoSteps(), lookAtBatches }, { chunks: 1 });
    await handle.result();
    expect(looks).toBe(2);
  });

  it('end the run where the provider refuses the key, once what is open is cancelled', async () => {
    const lookAtBatches = async () => {
      throw failure('TeacherRefused', 'the key was revoked');
    };
    const handle = await distill({ stepChunk: twoSteps(), lookAtBatches }, { window: 4 });
    expect(await failureOf(handle)).toMatchObject({ type: 'TeacherRefused' });
    expect(bed.standIns.inputs(handle.workflowId, 'closeBatches')[0]?.chunks.sort()).toEqual(ALL_CHUNKS);
  });

  it('that found no room at the provider go on when others have ended', async () => {
    const tried = new Map<number, number>();
    const stepChunk = async ({ chunk }: ChunkInput) => {
      const times = (tried.get(chunk) ?? 0) + 1;
      tried.set(chunk, times);
      if (times > 1) return { result: chunkResult(chunk), waitMs: null };
      return chunk === 1 ? { result: null, waitMs: 3_600_000 } : WAITS;
    };
    const handle = await distill({ stepChunk }, { chunks: 2 });
    await handle.result();
    expect(tried.get(1)).toBe(2);
  });

  it('wait twice as long each time that there is no room, and nobody else makes any', async () => {
    let tries = 0;
    const stepChunk = async ({ chunk }: ChunkInput) =>
      ++tries > 3 ? { result: chunkResult(chunk), waitMs: null } : { result: null, waitMs: 40 };
    const handle = await distill({ stepChunk }, { chunks: 1 });
    await handle.result();
    expect(await pausesOf(handle)).toEqual([40, 80, 160]);
  });

  it('are asked again after a pause', async () => {
    let paused = false;
    const stepChunk = async (input: ChunkInput) => {
      if (bed.standIns.control(input.prepared.run.workflowId) === 'paused') {
        paused = true;
        throw failure('Paused', 'the run is paused');
      }
      return paused ? { result: chunkResult(input.chunk), waitMs: null } : WAITS;
    };
    const handle = await distill({ stepChunk }, { chunks: 1 });
    await eventually(() => bed.standIns.inputs(handle.workflowId, 'stepChunk').length > 0);
    await handle.signal('pause');
    await eventually(() => paused);
    await handle.signal('resume');
    expect(DistillationResult.parse(await handle.result()).annotation.calls).toBe(30);
  });
});

describe('a cancelled run', () => {
  it('cancels the open batches, and waits until they have ended', async () => {
    let closings = 0;
    const closeBatches = async ({ chunks }: BatchesInput) => (++closings < 3 ? chunks.slice(0, 1) : []);
    const stepChunk = async () => WAITS;
    const lookAtBatches = async () => ({ ended: [], progress: null });
    const handle = await distill({ stepChunk, lookAtBatches, closeBatches }, { window: 4 });
    await eventually(() => bed.standIns.inputs(handle.workflowId, 'lookAtBatches').length > 0);
    await handle.cancel();
    await eventually(async () => (await statusOf(handle)) === 'CANCELLED');
    const closed = bed.standIns.inputs(handle.workflowId, 'closeBatches').map(({ chunks }) => [...chunks].sort());
    expect(closed).toEqual([ALL_CHUNKS, [0], [0]]);
    expect(bed.standIns.control(handle.workflowId)).toBe('cancelled');
  });
});
