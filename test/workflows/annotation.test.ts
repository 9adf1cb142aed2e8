import type { WorkflowHandle } from '@temporalio/client';
import { type ChunkInput, type ControlInput, DistillationResult, type PreparedRun } from '../../src/contracts/index.js';
import { emptyCounts, NO_LIMIT } from '../../src/voting/index.js';
import { CALLS_A_CHUNK, preparedRun } from './prepared-run.js';
import { type Activities, ALL_CHUNKS, busyChunk, chunkResult, countsOf, failure } from './stand-in-activities.js';
import { askProgress, failureOf, metadataOf, progressWhen, statusOf, WorkflowBed } from './workflow-bed.js';

let bed: WorkflowBed;
beforeAll(async () => {
  bed = await WorkflowBed.start();
});
afterAll(() => bed?.stop());

/** A run that nobody has to approve. */
function distill(changes: Partial<PreparedRun>, answers: Partial<Activities> = {}, workflowId?: string) {
  const prepare = async (input: { workflowId: string }) => preparedRun(input.workflowId, changes);
  return bed.distill({ prepare, ...answers }, { approveAs: 'ana' }, workflowId);
}

function chunksAsked(handle: WorkflowHandle): number[] {
  return bed.standIns.inputs(handle.workflowId, 'annotateChunk').map(({ chunk }) => chunk);
}

function controls(handle: WorkflowHandle): Array<ControlInput['state']> {
  return bed.standIns.inputs(handle.workflowId, 'setControl').map(({ state }) => state);
}

function voteInput(handle: WorkflowHandle) {
  const [input] = bed.standIns.inputs(handle.workflowId, 'vote');
  if (input === undefined) throw new Error('the run did not vote');
  return { failedChunks: input.failedChunks, incompleteTexts: input.incompleteTexts };
}

function shardBoard(handle: WorkflowHandle, number: number): Promise<string> {
  const shard = bed.client.getHandle(`${handle.workflowId}.annotation-${number}`);
  return metadataOf(shard).then(({ currentDetails }) => currentDetails);
}

describe('the chunks of a run', () => {
  it('are all annotated, at most so many at once as the window is wide', async () => {
    let atWork = 0;
    let most = 0;
    const annotateChunk = async ({ chunk }: ChunkInput) => {
      most = Math.max(most, ++atWork);
      await new Promise((resolve) => setTimeout(resolve, 200));
      atWork--;
      return chunkResult(chunk);
    };
    const handle = await distill({ window: 2 }, { annotateChunk });
    await handle.result();
    expect(chunksAsked(handle).sort()).toEqual(ALL_CHUNKS);
    expect(most).toBe(2);
    expect(controls(handle)).toEqual(['running']);
    expect(await shardBoard(handle, 1)).toContain('| chunks | 4 of 4 |');
  });

  it('count to the corpus or to the gold rows, as each says', async () => {
    const annotateChunk = async ({ chunk }: ChunkInput) => chunkResult(chunk, { set: chunk === 3 ? 'gold' : 'corpus' });
    const handle = await distill({}, { annotateChunk });
    const { annotation } = DistillationResult.parse(await handle.result());
    expect(annotation).toMatchObject({ calls: 90, costUsd: 0.0009 });
    const progress = await askProgress(handle);
    expect(progress.annotation.calls).toBe(90);
    expect(progress.gold.calls).toBe(30);
  });

  it('are asked shard after shard, each with what is left of the budget', async () => {
    const budget = { calls: 130, tokens: 130_000, micros: 13_000 };
    const handle = await distill({ chunks: 3, chunksPerShard: 2, window: 1, budget });
    await handle.result();
    // ceil(1.25 * 30) + 10 = 48 calls at most a chunk, 100 micro-dollars and 1,000 tokens each at worst.
    const grants = bed.standIns.inputs(handle.workflowId, 'annotateChunk').map(({ grant }) => grant);
    expect(grants).toEqual([
      { calls: 48, tokens: 48_000, micros: 4800 },
      { calls: 48, tokens: 48_000, micros: 4800 },
      // Two chunks have made 60 calls: 70 are left.
      { calls: 48, tokens: 48_000, micros: 4800 },
    ]);
    expect(chunksAsked(handle)).toEqual([0, 1, 2]);
    expect(await shardBoard(handle, 1)).toContain('| chunks | 2 of 2 |');
    expect(await shardBoard(handle, 2)).toContain('| chunks | 1 of 1 |');
  });

  it('of a later shard get no more than the earlier ones have left', async () => {
    const handle = await distill({ chunks: 2, chunksPerShard: 1, budget: { ...NO_LIMIT, calls: 40 } });
    await handle.result();
    const grants = bed.standIns.inputs(handle.workflowId, 'annotateChunk').map(({ grant }) => grant);
    expect(grants).toEqual([
      { ...NO_LIMIT, calls: 40 },
      { ...NO_LIMIT, calls: 10 },
    ]);
  });
});

describe('what a chunk spent before its grant, on a probe for one', () => {
  it('is kept from the chunks and shards before it', async () => {
    const spent = { calls: 1, tokens: 10, micros: 5 };
    const spentBefore = async () => [{ chunk: 1, spent }];
    const annotateChunk = async ({ chunk, grant }: ChunkInput) => chunkResult(chunk, { calls: grant.calls ?? 0 });
    const budget = { ...NO_LIMIT, calls: 40 };
    const handle = await distill({ chunks: 2, chunksPerShard: 1, budget }, { annotateChunk, spentBefore });
    await handle.result();
    const grants = bed.standIns.inputs(handle.workflowId, 'annotateChunk').map(({ grant }) => grant.calls);
    expect(grants).toEqual([39, 1]);
    const asked = bed.standIns.inputs(handle.workflowId, 'spentBefore').map(({ firstChunk }) => firstChunk);
    expect(asked).toEqual([0, 1]);
  });
});

describe('a budget that does not suffice', () => {
  /** Asks as long as the grant lasts; a text takes three calls. */
  const annotateChunk = async ({ chunk, grant }: ChunkInput) => {
    const calls = Math.min(CALLS_A_CHUNK, grant.calls ?? CALLS_A_CHUNK);
    const counts = countsOf({ calls, texts: Math.floor(calls / 3) });
    return chunkResult(chunk, { complete: calls === CALLS_A_CHUNK, counts });
  };

  it('leaves texts without labels, and says how many', async () => {
    const handle = await distill({ budget: { ...NO_LIMIT, calls: 75 } }, { annotateChunk });
    const { annotation } = DistillationResult.parse(await handle.result());
    expect(annotation.calls).toBe(75);
    // 75 calls do for 25 of 40 texts.
    expect(voteInput(handle)).toEqual({ failedChunks: 0, incompleteTexts: 15 });
  });

  it('gives a chunk more once others have settled cheaper', async () => {
    // The first grant is 48 of 60 calls, the second 12; then 18 come back, 6 of them to spare.
    const handle = await distill({ chunks: 2, window: 2, budget: { ...NO_LIMIT, calls: 60 } }, { annotateChunk });
    const { annotation } = DistillationResult.parse(await handle.result());
    expect(annotation.calls).toBe(60);
    expect(voteInput(handle)).toEqual({ failedChunks: 0, incompleteTexts: 0 });
  });

  it('still lets every chunk use the replies of earlier runs', async () => {
    const reused = async ({ chunk }: ChunkInput) => chunkResult(chunk, { counts: countsOf({ calls: 0 }) });
    const handle = await distill({ budget: { ...NO_LIMIT, calls: 0 } }, { annotateChunk: reused });
    await handle.result();
    expect(chunksAsked(handle).sort()).toEqual(ALL_CHUNKS);
    expect(voteInput(handle)).toEqual({ failedChunks: 0, incompleteTexts: 0 });
  });
});

describe('chunks that fail', () => {
  it('count up to maxFailedChunks, with what they had come to', async () => {
    const annotateChunk = async ({ chunk }: ChunkInput) => {
      if (chunk === 2) throw failure('Odd', 'this chunk is broken');
      return chunkResult(chunk);
    };
    const settleChunk = async ({ chunk }: Pick<ChunkInput, 'chunk'>) =>
      chunkResult(chunk, { complete: false, counts: countsOf({ calls: 11, texts: 3 }) });
    const handle = await distill({ maxFailedChunks: 1 }, { annotateChunk, settleChunk });
    const { annotation } = DistillationResult.parse(await handle.result());
    expect(annotation.calls).toBe(3 * CALLS_A_CHUNK + 11);
    expect(voteInput(handle)).toEqual({ failedChunks: 1, incompleteTexts: 7 });
    expect(await shardBoard(handle, 1)).toContain('| chunks | 4 of 4, 1 failed |');
  });

  it('fail the run beyond that, with the failure of the last', async () => {
    const annotateChunk = async () => {
      throw failure('Odd', 'this chunk is broken');
    };
    const handle = await distill({ maxFailedChunks: 2 }, { annotateChunk });
    const { message, type } = await failureOf(handle);
    expect({ message, type }).toEqual({ type: 'Odd', message: 'this chunk is broken' });
    expect(controls(handle).at(-1)).toBe('cancelled');
  });

  it('for a reason that holds for all fail the run at once and stop the others', async () => {
    let stopped = 0;
    const annotateChunk = async (input: ChunkInput) => {
      if (input.chunk === 0) {
        // The other one is at work by then.
        await new Promise((resolve) => setTimeout(resolve, 500));
        throw failure('TeacherRefused', 'the teacher refuses the key; set HF_TOKEN');
      }
      return busyChunk(bed.standIns, input).catch((error) => {
        stopped++;
        throw error;
      });
    };
    const handle = await distill({ window: 2 }, { annotateChunk });
    const { details, message, type } = await failureOf(handle);
    expect({ message, type }).toEqual({
      type: 'TeacherRefused',
      message: 'the teacher refuses the key; set HF_TOKEN',
    });
    expect(stopped).toBe(1);
    expect(chunksAsked(handle).sort()).toEqual([0, 1]);
    expect(controls(handle)).toEqual(['running', 'cancelled']);
    expect(bed.standIns.inputs(handle.workflowId, 'settleRun')).toHaveLength(1);
    // As settleRun says.
    expect(DistillationResult.parse(details?.[0]).annotation.calls).toBe(7);
  });
});

describe('pause and resume', () => {
  it('before annotate keep the teacher from being asked', async () => {
    let prepared = false;
    const prepare = async ({ workflowId }: { workflowId: string }) => {
      while (!prepared) await new Promise((resolve) => setTimeout(resolve, 20));
      return preparedRun(workflowId);
    };
    const handle = await bed.distill({ prepare }, { approveAs: 'ana' });
    await handle.signal('pause');
    const { pauseReason } = await progressWhen(handle, ({ paused }) => paused);
    expect(pauseReason).toBe('a person paused it');
    prepared = true;
    await progressWhen(handle, ({ task }) => task === 'complaints');
    expect((await askProgress(handle)).stage).toBe('prepare');
    expect(chunksAsked(handle)).toEqual([]);
    await handle.signal('resume');
    await handle.result();
    expect(chunksAsked(handle).sort()).toEqual(ALL_CHUNKS);
  });

  it('during annotate stop the chunks at work, which go on with what they had been granted', async () => {
    let resumed = false;
    let stopped = 0;
    const annotateChunk = (input: ChunkInput) =>
      busyChunk(bed.standIns, input, () => resumed).catch((error) => {
        stopped++;
        throw error;
      });
    const handle = await distill({ window: 2, budget: { ...NO_LIMIT, calls: 200 } }, { annotateChunk });
    await progressWhen(handle, () => chunksAsked(handle).length === 2);
    await handle.signal('pause', 'any payload does');
    await progressWhen(handle, ({ paused }) => paused && stopped === 2);
    const { currentDetails } = await metadataOf(handle);
    expect(currentDetails).toContain('**Paused**: a person paused it.');
    resumed = true;
    await handle.signal('resume');
    await handle.result();
    expect(controls(handle)).toEqual(['running', 'paused', 'running']);
    const inputs = bed.standIns.inputs(handle.workflowId, 'annotateChunk');
    expect(inputs.map(({ chunk }) => chunk).sort()).toEqual([0, 0, 1, 1, 2, 3]);
    const grants = inputs.filter(({ chunk }) => chunk === 0).map(({ grant }) => grant.calls);
    expect(grants).toEqual([48, 48]);
    const { annotation } = await askProgress(handle);
    expect(annotation.calls).toBe(120);
  });

  it('sent in quick succession end in the state of the last', async () => {
    let released = false;
    const written: string[] = [];
    const setControl = async ({ state }: ControlInput) => {
      // A pause takes longer to write than the resume after it.
      if (state === 'paused') await new Promise((resolve) => setTimeout(resolve, 500));
      written.push(state);
    };
    const annotateChunk = (input: ChunkInput) => busyChunk(bed.standIns, input, () => released);
    const handle = await distill({}, { annotateChunk, setControl });
    await progressWhen(handle, () => chunksAsked(handle).length >= 2);
    await handle.signal('pause');
    await handle.signal('resume');
    await handle.signal('pause');
    await progressWhen(handle, ({ paused }) => paused && written.length === 4);
    expect(written).toEqual(['running', 'paused', 'running', 'paused']);
    await handle.signal('resume');
    released = true;
    await handle.result();
    expect(written).toEqual(['running', 'paused', 'running', 'paused', 'running']);
  });

  it('between the stages hold the run after the stage that is at work', async () => {
    let voted = false;
    const vote = bed.standIns.usual('vote');
    const handle = await distill(
      {},
      {
        vote: async (input) => {
          while (!voted) await new Promise((resolve) => setTimeout(resolve, 20));
          return vote(input);
        },
      },
    );
    await progressWhen(handle, ({ stage }) => stage === 'vote');
    await handle.signal('pause');
    await progressWhen(handle, ({ paused }) => paused);
    voted = true;
    await progressWhen(handle, () => bed.standIns.inputs(handle.workflowId, 'vote').length === 1);
    expect((await askProgress(handle)).stage).toBe('vote');
    await handle.signal('resume');
    await handle.result();
  });

  it('come by themselves when the teacher is out of reach: the run says why and waits for resume', async () => {
    let reachable = false;
    const annotateChunk = async ({ chunk }: ChunkInput) => {
      if (!reachable) throw failure('TeacherUnreachable', 'teacher.example has not answered for 5 min');
      return chunkResult(chunk);
    };
    const handle = await distill({}, { annotateChunk });
    const { pauseReason } = await progressWhen(handle, ({ paused }) => paused);
    expect(pauseReason).toBe('teacher.example has not answered for 5 min');
    expect(await shardBoard(handle, 1)).toContain('**Paused**: teacher.example has not answered for 5 min.');
    expect(bed.standIns.control(handle.workflowId)).toBe('paused');
    reachable = true;
    await handle.signal('resume');
    await handle.result();
    const progress = await askProgress(handle);
    expect(progress).toMatchObject({ paused: false, pauseReason: null, stage: 'done' });
    expect(progress.annotation.calls).toBe(120);
    expect(voteInput(handle).failedChunks).toBe(0);
  });
});

describe('a store without room for the control file', () => {
  const FULL = 'the disk of the store has no room left';

  it('pauses the run where a shard begins, and resume goes on', async () => {
    let full = true;
    const setControl = async () => {
      if (full) throw failure('StoreFull', FULL);
    };
    const handle = await distill({}, { setControl });
    const { pauseReason } = await progressWhen(handle, ({ paused }) => paused);
    expect(pauseReason).toBe(FULL);
    expect(chunksAsked(handle)).toEqual([]);
    full = false;
    await handle.signal('resume');
    await handle.result();
    expect(chunksAsked(handle).sort()).toEqual(ALL_CHUNKS);
  });

  it('keeps a paused run paused, since its chunks still read that it is, until resume can be written', async () => {
    let full = false;
    let written: ControlInput['state'] = 'running';
    const setControl = async ({ state }: ControlInput) => {
      if (full) throw failure('StoreFull', FULL);
      written = state;
    };
    let reachable = false;
    const annotateChunk = async ({ chunk }: ChunkInput) => {
      if (!reachable) throw failure('TeacherUnreachable', 'teacher.example has not answered for 5 min');
      if (written === 'paused') throw failure('Paused', 'the run is paused');
      return chunkResult(chunk);
    };
    const handle = await distill({ window: 2 }, { annotateChunk, setControl });
    await progressWhen(handle, ({ paused }) => paused && written === 'paused' && chunksAsked(handle).length === 2);
    [full, reachable] = [true, true];
    await handle.signal('resume');
    await progressWhen(handle, ({ pauseReason }) => pauseReason === FULL);
    expect(chunksAsked(handle)).toHaveLength(2);
    full = false;
    await handle.signal('resume');
    await handle.result();
    expect(chunksAsked(handle).sort()).toEqual([0, 0, 1, 1, 2, 3]);
  });
});

describe('a run that is cancelled while the teacher is asked', () => {
  it('stops its chunks, settles what was spent, and ends as cancelled', async () => {
    let stopped = 0;
    const annotateChunk = (input: ChunkInput) =>
      busyChunk(bed.standIns, input).catch((error) => {
        stopped++;
        throw error;
      });
    const handle = await distill({ window: 2 }, { annotateChunk });
    await progressWhen(handle, () => chunksAsked(handle).length === 2);
    await handle.cancel();
    await handle.result().catch(() => undefined);
    expect(await statusOf(handle)).toBe('CANCELLED');
    expect(await statusOf(bed.client.getHandle(`${handle.workflowId}.annotation-1`))).toBe('CANCELLED');
    expect(stopped).toBe(2);
    expect(controls(handle)).toEqual(['running', 'cancelled']);
    expect(bed.standIns.inputs(handle.workflowId, 'settleRun')).toHaveLength(1);
    const progress = await askProgress(handle);
    // As settleRun says.
    expect(progress.annotation).toEqual(countsOf({ texts: 1, calls: 7 }));
    expect(progress.gold).toEqual(emptyCounts());
    expect(progress.texts.done).toBe(1);
    const { currentDetails } = await metadataOf(handle);
    expect(currentDetails).toContain('**Ended**: the run was cancelled');
    expect(currentDetails).toContain('| ⛔ | Ask the teacher | stopped: 7 calls, 0 unreadable, $0.0001 |');
  });

  it('ends as cancelled when its chunks hear of it by the control file only', async () => {
    const annotateChunk = async (input: ChunkInput): Promise<never> => {
      while (bed.standIns.control(input.prepared.run.workflowId) !== 'cancelled')
        await new Promise((resolve) => setTimeout(resolve, 20));
      throw failure('Cancelled', 'the run was cancelled');
    };
    const handle = await distill({ window: 2 }, { annotateChunk });
    await progressWhen(handle, () => chunksAsked(handle).length === 2);
    await handle.cancel();
    await handle.result().catch(() => undefined);
    expect(await statusOf(handle)).toBe('CANCELLED');
    expect(bed.standIns.inputs(handle.workflowId, 'settleRun')).toHaveLength(1);
  });

  it('ends as cancelled even when it is paused', async () => {
    const handle = await distill({}, { annotateChunk: (input) => busyChunk(bed.standIns, input) });
    await progressWhen(handle, () => chunksAsked(handle).length === 2);
    await handle.signal('pause');
    await progressWhen(handle, ({ paused }) => paused);
    await handle.cancel();
    await handle.result().catch(() => undefined);
    expect(await statusOf(handle)).toBe('CANCELLED');
    expect(bed.standIns.control(handle.workflowId)).toBe('cancelled');
  });

  it('ends as cancelled when what was spent can not be found out', async () => {
    const handle = await distill(
      {},
      {
        annotateChunk: (input) => busyChunk(bed.standIns, input),
        settleRun: async () => {
          throw failure('ArtifactDamaged', 'a journal is damaged');
        },
      },
    );
    await progressWhen(handle, () => chunksAsked(handle).length === 2);
    await handle.cancel();
    await handle.result().catch(() => undefined);
    expect(await statusOf(handle)).toBe('CANCELLED');
  });
});

describe('a shard that is ended by itself', () => {
  it.each([
    ['cancelled', 'Cancelled', (shard: WorkflowHandle) => shard.cancel()],
    ['terminated', 'Error', (shard: WorkflowHandle) => shard.terminate()],
  ] as const)('fails the run when it is %s, and the message names it', async (how, expected, stop) => {
    const handle = await distill({}, { annotateChunk: (input) => busyChunk(bed.standIns, input) });
    await progressWhen(handle, () => chunksAsked(handle).length === 2);
    await stop(bed.client.getHandle(`${handle.workflowId}.annotation-1`));
    const { message, type } = await failureOf(handle);
    expect(type).toBe(expected);
    expect(message).toBe(`the workflow ${handle.workflowId}.annotation-1: somebody ${how} it`);
  });
});
