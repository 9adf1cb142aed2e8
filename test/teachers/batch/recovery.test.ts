import { chunkReplies } from '../../../src/teachers/chunk-seal.js';
import { CALL_MICROS } from '../engine/chunk-fixture.js';
import { BatchedChunkFixture, REPLY } from './batched-chunk.js';

type Moment = 'upload' | 'uploaded' | 'create' | 'created';

/** A chunk whose first worker dies at a moment of its first submission. */
async function killedAt(
  moment: Moment,
  changes: Parameters<typeof BatchedChunkFixture.make>[0] = {},
): Promise<BatchedChunkFixture> {
  const worker = new AbortController();
  let times = 0;
  const at = (now: Moment) => {
    if (now !== moment || times++ > 0) return;
    worker.abort(new Error('killed'));
    // Nobody is there to get an answer.
    return new Promise<void>(() => undefined);
  };
  const fixture = await BatchedChunkFixture.make({ ...changes, provider: { at, ...changes.provider } });
  await expect(fixture.step({}, { signal: worker.signal })).rejects.toThrow('killed');
  return fixture;
}

const LAGS = { listLagSeconds: 60 };

describe('A worker that dies while it sends a batch', () => {
  it.each<[Moment, number]>([
    ['upload', 1],
    ['uploaded', 2],
  ])('at "%s" has sent nothing: the questions go out in one batch, by the next worker', async (moment, inputFiles) => {
    const fixture = await killedAt(moment);
    const result = await fixture.finish();
    expect(fixture.provider.batches).toHaveLength(1);
    expect([...fixture.provider.files.keys()].filter((id) => id.startsWith('file-'))).toHaveLength(inputFiles);
    expect(result.counts).toMatchObject({ calls: 12, replies: 12, uncertain: 0, spentMicros: 12 * CALL_MICROS });
  });

  it('before the provider has created it: it is created from the same file once no list can be behind', async () => {
    const fixture = await killedAt('create');
    // It may have been created: the list may only lag behind.
    expect(await fixture.step({}, LAGS)).toEqual({ result: null, open: 1, waitMs: null });
    expect(fixture.provider.batches).toHaveLength(0);
    const result = await fixture.finish();
    expect(fixture.provider.batches).toHaveLength(1);
    expect(fixture.provider.batches[0]!.inputFile).toBe('file-1');
    expect(result.counts).toMatchObject({ calls: 12, uncertain: 0 });
  });

  it('after the provider has created it: it is found again by its metadata and not sent twice', async () => {
    const fixture = await killedAt('created');
    const result = await fixture.finish({}, LAGS);
    expect(fixture.provider.batches).toHaveLength(1);
    expect(fixture.provider.executed).toBe(12);
    expect(result.counts).toMatchObject({ calls: 12, replies: 12, uncertain: 0 });
  });

  it('is found again in a list that lags behind, on a later page, among names that stand twice', async () => {
    const fixture = await killedAt('created', { provider: { listLag: 2, pageSize: 1, listsTwice: true } });
    const { provider } = fixture;
    // Others of the account, the youngest first.
    const [ours] = provider.batches;
    for (const id of ['batch_a', 'batch_b']) {
      provider.batches.push({ ...ours!, id, metadata: {}, inputFile: 'another', status: 'completed', unlisted: 9 });
    }
    expect(await fixture.step({}, LAGS)).toMatchObject({ open: 1 });
    expect(await fixture.step({}, LAGS)).toMatchObject({ open: 1 });
    const result = await fixture.finish({}, LAGS);
    expect(provider.batches).toHaveLength(3);
    expect(result.counts).toMatchObject({ calls: 12, replies: 12 });
    expect(provider.executed).toBe(12);
  });

  it('and is found by its file where the provider forgets metadata', async () => {
    const fixture = await killedAt('created');
    for (const batch of fixture.provider.batches) Object.assign(batch, { metadata: {} });
    await fixture.finish({}, LAGS);
    expect(fixture.provider.batches).toHaveLength(1);
  });

  it('leaves one of two batches at work, where a list lagged for longer than anybody waits', async () => {
    let creations = 0;
    const workers = [new AbortController(), new AbortController()];
    const at = (now: Moment) => {
      if (now !== 'created') return;
      workers[creations++]?.abort(new Error('killed'));
      return new Promise<void>(() => undefined);
    };
    const fixture = await BatchedChunkFixture.make({ provider: { at, listLag: 1 } });
    await expect(fixture.step({}, { signal: workers[0]!.signal })).rejects.toThrow('killed');
    await expect(fixture.step({}, { signal: workers[1]!.signal })).rejects.toThrow('killed');
    expect(fixture.provider.batches).toHaveLength(2);
    // The second one is missing from this list, and from none after it.
    await fixture.step({}, LAGS);
    const result = await fixture.finish({}, LAGS);
    expect(result.counts).toMatchObject({ replies: 12 });
    expect(fixture.provider.batches[0]!.status).toBe('completed');
  });

  it('and comes back to life creates nothing any more', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let uploads = 0;
    let uploaded = () => {};
    const reached = new Promise<void>((resolve) => {
      uploaded = resolve;
    });
    const at = (now: Moment) => {
      if (now !== 'uploaded' || uploads++ > 0) return;
      uploaded();
      return held;
    };
    const fixture = await BatchedChunkFixture.make({ provider: { at } });
    const zombie = fixture.step();
    const ended = expect(zombie).rejects.toMatchObject({ name: 'ClaimLostError' });
    await reached;
    expect(await fixture.step()).toMatchObject({ open: 1 });
    release();
    await ended;
    const result = await fixture.finish();
    expect(fixture.provider.batches).toHaveLength(1);
    expect(result.counts).toMatchObject({ calls: 12, replies: 12, uncertain: 0 });
  });
});

describe('A worker that dies while it reads a batch', () => {
  it('has kept what it had read; the next one reads the rest', async () => {
    const worker = new AbortController();
    const fixture = await BatchedChunkFixture.make({
      provider: { fate: () => ({ end: 'completed', looks: 1 }), cut: { bytes: 2000, times: 1 } },
    });
    await fixture.step();
    // The download breaks off, and the worker is killed before it goes on.
    const { api } = fixture.teacher.batches!;
    const content = api.content.bind(api);
    let downloads = 0;
    api.content = (file, offset, signal) => {
      if (downloads++ > 0 && !worker.signal.aborted) worker.abort(new Error('killed'));
      return content(file, offset, signal);
    };
    await expect(fixture.step({}, { signal: worker.signal })).rejects.toThrow('killed');
    const kept = (await fixture.ledger()).replies.size;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(12);
    const result = await fixture.finish();
    expect(result.counts).toMatchObject({ calls: 12, replies: 12, uncertain: 0 });
    expect(fixture.provider.batches).toHaveLength(1);
  });
});

describe('A run that is paused', () => {
  it('sends no batch', async () => {
    const fixture = await BatchedChunkFixture.make();
    await fixture.chunk.setControl('paused');
    await expect(fixture.step()).rejects.toMatchObject({ name: 'RunPausedError' });
    expect(fixture.provider.files.size).toBe(0);
  });

  it('reads what has ended, and sends nothing more until it goes on', async () => {
    const fixture = await BatchedChunkFixture.make({
      provider: { fate: (index) => (index === 0 ? { end: 'expired', worked: 5, looks: 1 } : { end: 'completed' }) },
    });
    await fixture.step();
    await fixture.chunk.setControl('paused');
    await expect(fixture.step()).rejects.toMatchObject({ name: 'RunPausedError' });
    expect((await fixture.ledger()).replies.size).toBe(5);
    expect(fixture.provider.batches).toHaveLength(1);
    await fixture.chunk.setControl('running');
    expect((await fixture.finish()).counts).toMatchObject({ texts: 4, calls: 12 });
  });
});

describe('A run that is cancelled', () => {
  it('cancels its batches, and keeps and counts what they answered', async () => {
    const fixture = await BatchedChunkFixture.make({ provider: { cancellingLooks: 2 } });
    await fixture.step();
    await fixture.chunk.setControl('cancelled');
    expect(await fixture.close()).toBe(1);
    expect(fixture.provider.cancelled).toBe(1);
    while ((await fixture.close()) > 0);
    // The provider had worked on half of them.
    expect(fixture.provider).toMatchObject({ executed: 6, cancelled: 1 });
    expect(await fixture.ledger()).toMatchObject({ uncertain: 0, spent: { calls: 6, micros: 6 * CALL_MICROS } });
    const replies = [...(await chunkReplies(fixture.chunk.store, fixture.chunk.folder)).values()];
    expect(replies.map(({ content }) => content)).toEqual(Array(6).fill(REPLY));
  });

  it('reads a batch that ended before it could be cancelled', async () => {
    const fixture = await BatchedChunkFixture.make({ provider: { fate: () => ({ end: 'completed', looks: 2 }) } });
    await fixture.step();
    await fixture.step();
    expect(fixture.provider.batches[0]!.status).toBe('finalizing');
    expect(await fixture.close()).toBe(0);
    expect(await fixture.ledger()).toMatchObject({ uncertain: 0, spent: { calls: 12 } });
  });

  it('tells that the provider is out of reach, so that its batches are cancelled later, and not that it is cancelled', async () => {
    const fixture = await BatchedChunkFixture.make({ teacher: { deadAfterSeconds: 4 } });
    await fixture.step();
    await fixture.chunk.setControl('cancelled');
    await fixture.provider.stop();
    await expect(fixture.close()).rejects.toMatchObject({ name: 'TeacherUnreachableError' });
  });

  it('creates nothing that a dead worker was about to create', async () => {
    const fixture = await killedAt('create');
    expect(await fixture.close()).toBe(0);
    expect(fixture.provider.batches).toHaveLength(0);
    expect(await fixture.ledger()).toMatchObject({ uncertain: 0, spent: { calls: 0 } });
  });
});
