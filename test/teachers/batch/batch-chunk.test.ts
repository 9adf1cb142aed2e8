import { chunkReplies } from '../../../src/teachers/chunk-seal.js';
import { annotateChunk, TeacherRefusedError, TeacherUnreachableError } from '../../../src/teachers/index.js';
import type { ProviderOptions } from '../../support/batch-provider.js';
import { CALL_MICROS, ChunkFixture, NO_LIMIT, newTask } from '../engine/chunk-fixture.js';
import { FakeTeacher } from '../engine/fake-teacher.js';
import { BatchedChunkFixture, REPLY } from './batched-chunk.js';

describe('A chunk that is annotated in batches', () => {
  it('is sent in one batch, read when that has ended, and sealed like any other', async () => {
    const fixture = await BatchedChunkFixture.make();
    expect(await fixture.step()).toEqual({ result: null, open: 1, waitMs: null });
    const { result: early } = await fixture.step();
    expect(early).toBeNull();
    const result = await fixture.finish();
    const { provider } = fixture;
    expect(result).toMatchObject({ complete: true, set: 'corpus' });
    expect(result.counts).toMatchObject({ texts: 4, calls: 12, replies: 12, uncertain: 0, unreadable: 0 });
    expect(result.counts).toMatchObject({ inputTokens: 3600, outputTokens: 600, spentMicros: 12 * CALL_MICROS });
    expect(provider.batches).toHaveLength(1);
    expect(provider.batches[0]).toMatchObject({ window: '24h', endpoint: '/v1/chat/completions' });
    expect(provider.executed).toBe(12);
    expect(provider.askedAtOnce).toBe(0);
    // Sealed for good: no further step asks anybody.
    expect(await fixture.step()).toEqual({ result });
  });

  it('leaves the replies that a synchronous run would have left, which later runs use', async () => {
    const fixture = await BatchedChunkFixture.make();
    await fixture.finish();
    const later = await fixture.chunk.laterRun(4, 'runs/later');
    const teacher = Object.assign(new FakeTeacher(), { model: 'big-model' });
    const result = await later.annotate(teacher, newTask({ teacher: { model: 'big-model' } }));
    expect(result.counts).toMatchObject({ texts: 4, calls: 0, reused: 12 });
    const replies = [...(await chunkReplies(fixture.chunk.store, fixture.chunk.folder)).values()];
    expect(replies[0]).toMatchObject({ content: REPLY, finishReason: 'stop', costMicros: CALL_MICROS });
    expect(replies.every(({ vote }) => vote.label === 'positive')).toBe(true);
  });

  it('asks nothing that an earlier run has paid for', async () => {
    const fixture = await BatchedChunkFixture.make();
    const before = await ChunkFixture.in(fixture.chunk.root, fixture.chunk.store, 2, 'runs/before', []);
    const sync = Object.assign(new FakeTeacher(), { model: 'big-model' });
    await annotateChunk(before.job(newTask()), before.ports(sync, newTask()));
    const result = await fixture.finish({ chunk: { ...fixture.chunk.chunk, reuse: [before.folder] } });
    expect(result.counts).toMatchObject({ texts: 4, calls: 6, reused: 6 });
    expect(fixture.provider.executed).toBe(6);
  });

  it('is cut into parts of at most so many requests', async () => {
    const fixture = await BatchedChunkFixture.make({ batch: { maxRequests: 5 } });
    expect(await fixture.step()).toMatchObject({ open: 3 });
    await fixture.finish();
    expect(fixture.provider.batches.map(({ lines }) => lines.length)).toEqual([5, 5, 2]);
  });

  it('is cut into parts of at most so many bytes', async () => {
    const fixture = await BatchedChunkFixture.make({ batch: { maxMegabytes: 0.006 } });
    await fixture.finish();
    const sizes = fixture.provider.batches.map(({ inputFile }) => fixture.provider.files.get(inputFile)!.text.length);
    expect(sizes.length).toBeGreaterThan(1);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(6000);
  });

  it('asks the votes that are still needed in a second round, where it stops at the majority', async () => {
    // Samples of the first text disagree; the others agree after two.
    const fixture = await BatchedChunkFixture.make({
      votes: { stop: 'majority' },
      provider: {
        answer: ({ messages, seed }) =>
          messages[0]!.content.includes('text 0') && seed === 43
            ? { content: JSON.stringify({ reason: 'no', label: 'negative' }) }
            : { content: REPLY },
      },
    });
    const result = await fixture.finish();
    expect(fixture.provider.batches.map(({ lines }) => lines.length)).toEqual([8, 1]);
    expect(result.counts).toMatchObject({ texts: 4, calls: 9, callsMajorityWouldSave: 3 });
  });
});

describe('Several teachers', () => {
  const votes = {
    plan: [
      { prompt: 'reasoned', samples: 2 },
      { prompt: 'reasoned', teacher: 'dear', when: 'disagreement' },
    ],
  };
  const disagreeOn =
    (text: string): ProviderOptions['answer'] =>
    ({ messages, seed }) =>
      messages[0]!.content.includes(text) && seed === 43
        ? { content: JSON.stringify({ reason: 'no', label: 'negative' }) }
        : { content: REPLY };

  it('are each asked at their own provider: the dear one in a second round, about the texts whose votes disagree', async () => {
    const fixture = await BatchedChunkFixture.make({ votes, provider: { answer: disagreeOn('text 2') }, dear: {} });
    const result = await fixture.finish();
    expect(fixture.provider.batches.map(({ lines }) => lines.length)).toEqual([8]);
    expect(fixture.dear?.batches.map(({ lines }) => lines.map(({ body }) => body.model))).toEqual([['dear-model']]);
    expect(fixture.dear?.batches[0]?.lines[0]?.body.messages[0]?.content).toContain('text 2');
    expect(result.counts).toMatchObject({ texts: 4, calls: 9, escalated: 1 });
    expect(result.counts.teachers).toMatchObject({ teacher: { calls: 8 }, dear: { calls: 1 } });
  });

  it('may answer at once where another is asked in batches: about the texts whose votes disagree, when its batch has ended', async () => {
    const fixture = await BatchedChunkFixture.make({
      ...{ votes, provider: { answer: disagreeOn('text 2') }, dear: {}, atOnce: ['dear'] },
    });
    const result = await fixture.finish();
    expect(fixture.provider.batches.map(({ lines }) => lines.length)).toEqual([8]);
    expect(fixture.provider.askedAtOnce).toBe(0);
    expect(fixture.dear).toMatchObject({ batches: [], askedAtOnce: 1 });
    expect(result).toMatchObject({ complete: true, counts: { texts: 4, calls: 9, escalated: 1, uncertain: 0 } });
    expect(result.counts.teachers).toMatchObject({ teacher: { calls: 8 }, dear: { calls: 1 } });
  });

  it('may answer at once before another is asked in batches about the texts whose votes disagree', async () => {
    const fixture = await BatchedChunkFixture.make({
      ...{ votes, provider: { answer: disagreeOn('text 2') }, dear: {}, atOnce: ['teacher'] },
    });
    expect(await fixture.step()).toEqual({ result: null, open: 1, waitMs: null });
    expect(fixture.provider).toMatchObject({ batches: [], askedAtOnce: 8 });
    const result = await fixture.finish();
    expect(fixture.provider.askedAtOnce).toBe(8);
    expect(fixture.dear?.batches.map(({ lines }) => lines.length)).toEqual([1]);
    expect(result).toMatchObject({ complete: true, counts: { texts: 4, calls: 9, escalated: 1, uncertain: 0 } });
  });

  it('keep to one grant together, whoever answers at once', async () => {
    const plan = [
      { prompt: 'reasoned', samples: 2 },
      { prompt: 'reasoned', teacher: 'dear' },
    ];
    const fixture = await BatchedChunkFixture.make({ votes: { plan }, dear: {}, atOnce: ['teacher'] });
    const part = await fixture.finish({ grant: { ...NO_LIMIT, calls: 10 } });
    expect(part).toMatchObject({ complete: false, counts: { calls: 10, replies: 10 } });
    const whole = await fixture.finish();
    expect(whole).toMatchObject({ complete: true, counts: { texts: 4, calls: 12, replies: 12 } });
    expect([fixture.provider.askedAtOnce, fixture.dear?.executed]).toEqual([8, 4]);
  });

  it('are found again, cancelled and read where their batches are', async () => {
    const fixture = await BatchedChunkFixture.make({
      votes: {
        plan: [
          { prompt: 'reasoned', samples: 2 },
          { prompt: 'reasoned', teacher: 'dear' },
        ],
      },
      dear: {},
    });
    expect(await fixture.step()).toMatchObject({ open: 2 });
    expect(await fixture.close()).toBe(2);
    while ((await fixture.close()) > 0);
    expect([fixture.provider.cancelled, fixture.dear?.cancelled]).toEqual([1, 1]);
    expect([fixture.provider.executed, fixture.dear?.executed]).toEqual([4, 2]);
    expect(await fixture.ledger()).toMatchObject({ uncertain: 0, spent: { calls: 6 } });
  });
});

describe('Requests of a batch that brought no reply', () => {
  it('are asked again where an error answered them, as often as the task says, and then given up', async () => {
    const fixture = await BatchedChunkFixture.make({
      teacher: { attempts: 3 },
      provider: {
        answer: ({ messages, seed }) =>
          messages[0]!.content.includes('text 1') && seed === 42
            ? { status: 500, message: 'internal' }
            : { content: REPLY },
      },
    });
    const result = await fixture.finish();
    expect(fixture.provider.batches.map(({ lines }) => lines.length)).toEqual([12, 1, 1]);
    expect(result.counts).toMatchObject({ texts: 4, calls: 14, retried: 3, unreadable: 1, uncertain: 0 });
    expect(result.counts.spentMicros).toBe(11 * CALL_MICROS);
  });

  it('are not asked again where the provider refuses them for good', async () => {
    const fixture = await BatchedChunkFixture.make({
      provider: {
        answer: ({ messages }) =>
          messages[0]!.content.includes('text 1') ? { status: 400, message: 'too long' } : { content: REPLY },
      },
    });
    const result = await fixture.finish();
    expect(fixture.provider.batches).toHaveLength(1);
    expect(result.counts).toMatchObject({ texts: 4, calls: 12, unreadable: 3 });
  });

  it('are asked again where the batch expired before it came to them, and cost nothing', async () => {
    const fixture = await BatchedChunkFixture.make({
      provider: { fate: (index) => (index === 0 ? { end: 'expired', worked: 7 } : { end: 'completed' }) },
    });
    const result = await fixture.finish();
    expect(fixture.provider.batches.map(({ lines }) => lines.length)).toEqual([12, 5]);
    expect(result.counts).toMatchObject({ texts: 4, calls: 12, replies: 12, uncertain: 0 });
    expect(fixture.provider.executed).toBe(12);
  });

  it('count at their worst for ever where they were worked on and stand in no file, and are asked again', async () => {
    const fixture = await BatchedChunkFixture.make({
      provider: {
        answer: ({ messages, seed }, times) =>
          messages[0]!.content.includes('text 2') && seed === 42 && times === 1 ? 'lost' : { content: REPLY },
      },
    });
    const result = await fixture.finish();
    expect(fixture.provider.batches.map(({ lines }) => lines.length)).toEqual([12, 1]);
    expect(result.counts).toMatchObject({ texts: 4, calls: 13, replies: 12, uncertain: 1 });
    expect(fixture.provider.executed).toBe(13);
    expect(result.counts.spentMicros).toBeGreaterThan(12 * CALL_MICROS);
  });

  it('count at their worst where the batch expired, too, as many as were worked on and stand in no file', async () => {
    const fixture = await BatchedChunkFixture.make({
      provider: {
        answer: ({ seed }, times) => (seed === 42 && times === 1 ? 'lost' : { content: REPLY }),
        fate: (index) => (index === 0 ? { end: 'expired', worked: 9, looks: 1 } : { end: 'completed' }),
      },
    });
    const { counts } = await fixture.finish();
    // Of three texts one sample each. That of the fourth is lost in the second batch.
    expect(counts).toMatchObject({ texts: 4, calls: 16, replies: 12, uncertain: 4 });
    expect(fixture.provider.executed).toBe(16);
  });

  it('count at their worst where the answer tells the tokens that it took, and is none', async () => {
    const usage = { prompt_tokens: 300, completion_tokens: 50 };
    const fixture = await BatchedChunkFixture.make({
      provider: {
        answer: ({ messages, seed }, times) =>
          messages[0]!.content.includes('text 2') && seed === 42 && times === 1
            ? { body: { choices: [], usage } }
            : { content: REPLY },
      },
    });
    const { counts } = await fixture.finish();
    expect(counts).toMatchObject({ texts: 4, calls: 13, replies: 12, uncertain: 1, retried: 0 });
    expect(counts.spentMicros).toBeGreaterThan(12 * CALL_MICROS);
  });

  it('pause the run where a batch expires without a single reply, and are asked when it goes on', async () => {
    const fixture = await BatchedChunkFixture.make({
      provider: { fate: (index) => (index === 0 ? { end: 'expired', looks: 1 } : { end: 'completed' }) },
    });
    await fixture.step();
    await expect(fixture.step()).rejects.toThrow(TeacherUnreachableError);
    expect((await fixture.finish()).counts).toMatchObject({ texts: 4, calls: 12, uncertain: 0 });
  });

  it('pause the run where errors answer all of several texts again and again', async () => {
    const fixture = await BatchedChunkFixture.make({
      teacher: { attempts: 2 },
      provider: { answer: () => ({ status: 500, message: 'internal' }), fate: () => ({ end: 'completed', looks: 1 }) },
    });
    await expect(fixture.finish()).rejects.toThrow(TeacherUnreachableError);
    expect((await fixture.ledger()).spent).toMatchObject({ micros: 0 });
  });
});

describe('A batch that the provider does not accept', () => {
  it('ends the run with its reason, and costs nothing', async () => {
    const error = { code: 'invalid_model', message: 'no such model' };
    const fixture = await BatchedChunkFixture.make({ provider: { fate: () => ({ end: 'failed', error }) } });
    await fixture.step();
    await expect(fixture.step()).rejects.toThrow(/invalid_model: no such model/);
    expect(await fixture.ledger()).toMatchObject({ uncertain: 0, spent: { calls: 0, micros: 0 } });
  });

  it('is sent again later where there was no room for it', async () => {
    const error = { code: 'token_limit_exceeded', message: 'Enqueued token limit reached' };
    const fixture = await BatchedChunkFixture.make({
      provider: { fate: (index) => (index === 0 ? { end: 'failed', error } : { end: 'completed' }) },
    });
    await fixture.step();
    expect(await fixture.step()).toMatchObject({ result: null, open: 0, waitMs: expect.any(Number) });
    expect((await fixture.finish()).counts).toMatchObject({ calls: 12, uncertain: 0 });
    expect(fixture.provider.batches).toHaveLength(2);
  });

  it('is created from the file that is up already where its creation was answered 429', async () => {
    const fixture = await BatchedChunkFixture.make({
      provider: { refuseCreate: (index) => (index === 0 ? { status: 429 } : null) },
    });
    expect(await fixture.step()).toMatchObject({ result: null, open: 0, waitMs: expect.any(Number) });
    expect((await fixture.finish()).counts).toMatchObject({ calls: 12, uncertain: 0 });
    expect(fixture.provider.files.size).toBe(2);
    expect(fixture.provider.batches).toHaveLength(1);
  });

  it('is not tried again with a key that is refused', async () => {
    const fixture = await BatchedChunkFixture.make({ provider: { key: 'another' } });
    await expect(fixture.finish()).rejects.toThrow(TeacherRefusedError);
    expect(await fixture.close()).toBe(0);
    expect(await fixture.ledger()).toMatchObject({ uncertain: 0, spent: { calls: 0 } });
  });
});

describe('A budget in batches', () => {
  it('is never passed: what does not fit at its worst is asked in later rounds, as far as the grant goes', async () => {
    const fixture = await BatchedChunkFixture.make();
    await fixture.step();
    const worst = [...(await fixture.ledger()).openParts.values()].flatMap((part) => [...part.values()])[0]!.worst;
    expect((await fixture.ledger()).spent.micros).toBeGreaterThanOrEqual(12 * 1000);

    const tight = await BatchedChunkFixture.make();
    const grant = { ...NO_LIMIT, micros: 3 * worst.micros! };
    const result = await tight.finish({ grant });
    expect(tight.provider.batches[0]!.lines).toHaveLength(3);
    expect(tight.provider.batches.length).toBeGreaterThan(1);
    expect(result.counts.spentMicros).toBe(result.counts.calls * CALL_MICROS);
    expect(result.counts.spentMicros).toBeLessThanOrEqual(grant.micros);
    // What is left would not pay for another call at its worst.
    expect(grant.micros - result.counts.spentMicros!).toBeLessThan(worst.micros!);
    expect(result.complete).toBe(result.counts.texts === 4);
  });

  it('in calls is exact', async () => {
    const fixture = await BatchedChunkFixture.make();
    const result = await fixture.finish({ grant: { ...NO_LIMIT, calls: 7 } });
    expect(result).toMatchObject({ complete: false, counts: { calls: 7 } });
    expect(fixture.provider.executed).toBe(7);
  });
});

describe('Downloads', () => {
  it.each([
    ['go on where they broke off', true],
    ['begin again where the provider does not answer ranges, and nothing is read twice', false],
  ])('%s', async (_, ranges) => {
    const fixture = await BatchedChunkFixture.make({
      teacher: { deadAfterSeconds: 30 },
      provider: { ranges, cut: { bytes: 700, times: 2 } },
    });
    const result = await fixture.finish();
    const { provider } = fixture;
    expect(result.counts).toMatchObject({ calls: 12, replies: 12, uncertain: 0 });
    expect(provider.rangesAsked).toBe(2);
    const whole = provider.files.get('batch_1-output')!.text.length;
    expect(provider.bytesSent).toBe(ranges ? whole : whole + 2 * 700);
  });
});
