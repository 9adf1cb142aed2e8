import { setTimeout as delay } from 'node:timers/promises';
import { CallLimiter } from '../../../src/teachers/call-limiter.js';
import { chunkReplies, plannedQuestions, questionOf, settleChunkCounts } from '../../../src/teachers/index.js';
import { askedTeacher, CALL_MICROS, ChunkFixture, newTask, PRICE } from './chunk-fixture.js';
import { answer, FakeTeacher, latency } from './fake-teacher.js';

let chunk: ChunkFixture;
afterEach(() => chunk.dispose());

describe('Annotating a chunk', () => {
  it('asks every vote of every text once, and counts what it did', async () => {
    chunk = await ChunkFixture.make(20);
    const teacher = new FakeTeacher();
    const result = await chunk.annotate(teacher, newTask());
    expect(teacher.sent).toHaveLength(60);
    for (const text of chunk.texts) {
      const samples = teacher.sent.filter((request) => request.text === text).map((request) => request.sample);
      expect(samples.sort()).toEqual([0, 1, 2]);
    }
    expect(result).toEqual({
      chunk: 0,
      set: 'corpus',
      complete: true,
      pace: null,
      counts: {
        texts: 20,
        calls: 60,
        replies: 60,
        reused: 0,
        unreadable: 0,
        truncated: 0,
        uncertain: 0,
        retried: 0,
        busy: 0,
        inputTokens: 60 * 300,
        outputTokens: 60 * 50,
        spentMicros: 60 * CALL_MICROS,
        spentTokens: 60 * 350,
        identical: 0,
        // The third of three unanimous votes.
        callsMajorityWouldSave: 20,
        escalated: 0,
        escalationMicros: 0,
        teachers: { teacher: { calls: 60, replies: 60, spentMicros: 24000 } },
      },
    });
  });

  it('takes turns with another run of the same teacher, however many chunks that one has at work', async () => {
    const task = newTask({ teacher: { concurrency: 4 } });
    const limiter = new CallLimiter(task.teacher);
    const teacher = new FakeTeacher(async (request, _, signal) => {
      await latency(2, signal);
      return answer(request);
    });
    const chunkOf = (run: string, texts: number, name = run) =>
      ChunkFixture.make(
        Array.from({ length: texts }, (_, i) => `${name} ${i}`),
        run,
      );
    const large = await Promise.all(['a', 'b', 'c'].map((name) => chunkOf('large', 60, name)));
    chunk = await chunkOf('small', 30);
    const annotate = (each: ChunkFixture) => each.annotate(teacher, task, { asked: { limiter } });
    const ofLarge = large.map(annotate);
    while (teacher.sent.length < 30) await delay(1);
    await annotate(chunk);
    await Promise.all(ofLarge);
    for (const each of large) each.dispose();

    const isSmall = ({ text }: { text: string }) => text.startsWith('small');
    const meanwhile = teacher.sent.slice(teacher.sent.findIndex(isSmall), teacher.sent.findLastIndex(isSmall) + 1);
    const own = meanwhile.filter(isSmall).length;
    expect(own).toBe(90);
    // The first and the last ones of a run have others beside them that had their turn before.
    expect(Math.abs(meanwhile.length - 2 * own)).toBeLessThanOrEqual(10);
  });

  it('shows the teacher the placeholders in place of what it must not see', () => {
    const task = newTask();
    const [planned] = plannedQuestions(task);
    if (planned === undefined) throw new Error('a plan has a question');
    const row = { key: 'k', id: 'a', line: 1, copies: 1, gold: null, gateGold: false };
    const asked = askedTeacher(task, new FakeTeacher());
    const hidden = questionOf(task, asked, { ...row, text: 'to ann@x.org', asked: 'to [EMAIL_1]' }, planned);
    const plain = questionOf(task, asked, { ...row, text: 'to [EMAIL_1]', asked: null }, planned);
    expect(JSON.stringify(hidden)).not.toContain('ann@x.org');
    expect(hidden).toEqual(plain);
  });

  it('asks with the seed, the sampling and the schema of the plan', async () => {
    chunk = await ChunkFixture.make(['only text']);
    const seen: unknown[] = [];
    const teacher = new FakeTeacher(async (request) => {
      const { jsonSchema, maxTokens, prompt, sample, seed, temperature, timeoutMs, topP } = request;
      seen.push({ prompt, sample, seed, temperature, topP, maxTokens, timeoutMs, schema: jsonSchema !== null });
      return answer(request, 'neutral');
    });
    const plan = [
      { prompt: 'reasoned', samples: 2, temperature: 1, maxTokens: 100 },
      { prompt: 'direct', temperature: null, topP: 0.5, maxTokens: 5 },
      { prompt: 'reasoned', temperature: 0 },
    ];
    const task = newTask({ votes: { plan }, teacher: { seed: 7, concurrency: 1, timeoutSeconds: 3 } });
    await chunk.annotate(teacher, task, { asked: { jsonSchema: true } });
    expect(seen).toEqual([
      {
        prompt: 'reasoned',
        sample: 0,
        seed: 7,
        temperature: 1,
        topP: null,
        maxTokens: 100,
        timeoutMs: 3000,
        schema: true,
      },
      {
        prompt: 'reasoned',
        sample: 1,
        seed: 8,
        temperature: 1,
        topP: null,
        maxTokens: 100,
        timeoutMs: 3000,
        schema: true,
      },
      {
        prompt: 'direct',
        sample: 0,
        seed: 7,
        temperature: null,
        topP: 0.5,
        maxTokens: 5,
        timeoutMs: 3000,
        schema: false,
      },
      {
        prompt: 'reasoned',
        sample: 2,
        seed: 9,
        temperature: 0,
        topP: null,
        maxTokens: 500,
        timeoutMs: 3000,
        schema: true,
      },
    ]);
  });

  it('keeps at most the limit in flight, and reaches it', async () => {
    chunk = await ChunkFixture.make(30);
    const teacher = new FakeTeacher(async (request, _, signal) => {
      await latency(5, signal);
      return answer(request);
    });
    await chunk.annotate(teacher, newTask({ teacher: { concurrency: 5 } }));
    expect(teacher.mostInFlight).toBe(5);
  });

  it('counts unreadable, truncated and identical replies', async () => {
    chunk = await ChunkFixture.make(['same', 'cut off', 'chatter', 'split']);
    const teacher = new FakeTeacher(async (request) => {
      const reply = answer(request, 'neutral');
      if (request.text === 'same') return { ...reply, content: '{"reason": "r", "label": "positive"}' };
      if (request.text === 'cut off') return { ...reply, content: '{"reason": "wel', finishReason: 'length' };
      if (request.text === 'chatter') return { ...reply, content: `I can't tell (${request.sample}).` };
      return answer(request, ['positive', 'negative', 'positive'][request.sample]);
    });
    const { counts } = await chunk.annotate(teacher, newTask());
    // Only "same" could have stopped after two votes; unreadable votes and "split" settle nothing early.
    expect(counts).toMatchObject({ texts: 4, unreadable: 6, truncated: 3, identical: 2, callsMajorityWouldSave: 1 });
  });

  it('has unknown spending where the price is not known, and the worst price where tokens are not told', async () => {
    chunk = await ChunkFixture.make(['a']);
    const silent = new FakeTeacher(async (request) => ({ ...answer(request), outputTokens: null }));
    const unpriced = await chunk.annotate(silent, newTask(), { asked: { price: null } });
    expect(unpriced.counts).toMatchObject({ spentMicros: null, inputTokens: 900, outputTokens: 0 });
    chunk.dispose();

    chunk = await ChunkFixture.make(['a']);
    const { counts } = await chunk.annotate(silent, newTask());
    const opened = (await chunk.records('journal-000001.jsonl')).filter((record) => record.type === 'open');
    const worst = opened.reduce((sum, record) => sum + Number(record.worst.micros), 0);
    // Three calls of at most 500 tokens of reply at 2 dollars a million, and a prompt of hundreds of bytes.
    expect(worst).toBeGreaterThan(3 * 500 * PRICE.outputPerMillion);
    expect(counts.spentMicros).toBe(worst);
  });

  it('tells its progress', async () => {
    chunk = await ChunkFixture.make(4);
    const seen: Array<{ texts: number; calls: number }> = [];
    await chunk.annotate(new FakeTeacher(), newTask(), { ports: { onProgress: (now) => seen.push(now) } });
    expect(seen.at(-1)).toEqual({ texts: 4, calls: 12 });
    expect(seen.map(({ calls }) => calls)).toEqual([...seen.map(({ calls }) => calls)].sort((a, b) => a - b));
  });

  it('writes the replies in the order of texts and plan, whatever the order of completion', async () => {
    chunk = await ChunkFixture.make(15);
    const teacher = new FakeTeacher(async (request, number, signal) => {
      await latency((number * 7) % 23, signal);
      return answer(request);
    });
    await chunk.annotate(teacher, newTask());
    const order = (await chunk.records('replies-000001.jsonl')).map(({ textKey, sample }) => [textKey, sample]);
    const rows: Array<{ key: string }> = [];
    for await (const line of chunk.store.lines(chunk.chunk.file.path)) rows.push(JSON.parse(line));
    expect(order).toEqual(rows.flatMap(({ key }) => [0, 1, 2].map((sample) => [key, sample])));
  });

  it('that is sealed answers from its seal, without a call', async () => {
    chunk = await ChunkFixture.make(5);
    const first = await chunk.annotate(new FakeTeacher(), newTask());
    const teacher = new FakeTeacher();
    expect(await chunk.annotate(teacher, newTask())).toEqual(first);
    expect(teacher.sent).toEqual([]);
    expect(await chunk.store.names(chunk.folder)).toEqual([
      'claim-000001',
      'journal-000001.jsonl',
      'replies-000001.jsonl',
      'sealed.json',
    ]);
    expect((await chunkReplies(chunk.store, chunk.folder)).size).toBe(15);
    expect(await settleChunkCounts(chunk.store, newTask(), chunk.chunk, chunk.folder)).toEqual(first.counts);
  });

  it('goes on where an aborted activity ended: nothing that came back is asked again, the rest once', async () => {
    chunk = await ChunkFixture.make(30);
    const task = newTask({ teacher: { concurrency: 4 } });
    const activity = new AbortController();
    const first = new FakeTeacher(async (request, number, signal) => {
      if (number === 40) activity.abort(new Error('shut down'));
      // Those in flight at the end do not come back within the grace.
      await latency(number >= 40 ? 60_000 : 1, signal);
      return answer(request);
    });
    await expect(chunk.annotate(first, task, { ports: { signal: activity.signal } })).rejects.toThrow('shut down');
    expect(first.inFlight).toBe(0);
    const lost = first.sent.length - (await chunkReplies(chunk.store, chunk.folder)).size;
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThanOrEqual(4);

    const settled = await settleChunkCounts(chunk.store, task, chunk.chunk, chunk.folder);
    expect(settled).toMatchObject({ calls: first.sent.length, replies: first.sent.length - lost, uncertain: lost });

    const second = new FakeTeacher();
    const { counts } = await chunk.annotate(second, task);
    expect(second.sent).toHaveLength(90 - (first.sent.length - lost));
    const worst = Number((await chunk.records('journal-000001.jsonl'))[0]?.worst.micros);
    expect(counts).toMatchObject({
      texts: 30,
      calls: first.sent.length + second.sent.length,
      replies: 90,
      uncertain: lost,
      spentMicros: 90 * CALL_MICROS + lost * worst,
    });
  });

  it('leaves neither a timer nor a listener when the chunk is damaged', async () => {
    chunk = await ChunkFixture.make(3);
    await chunk.store.write(chunk.chunk.file.path, 'other bytes');
    const activity = new AbortController();
    const listeners = jest.spyOn(activity.signal, 'addEventListener');
    const removed = jest.spyOn(activity.signal, 'removeEventListener');
    const looks = jest.spyOn(chunk.store, 'exists');
    const teacher = new FakeTeacher();
    await expect(chunk.annotate(teacher, newTask(), { ports: { signal: activity.signal } })).rejects.toThrow(
      'is not the one that was written',
    );
    expect(teacher.sent).toEqual([]);
    expect(removed).toHaveBeenCalledTimes(listeners.mock.calls.length);
    const before = looks.mock.calls.length;
    await delay(2000);
    expect(looks.mock.calls.length).toBe(before);
  });
});

describe('votes.stop = majority', () => {
  // Votes of a text by its name: p and n and u(nreadable), in the order of the samples.
  const TEXTS = ['ppp', 'ppn', 'pnp', 'npp', 'pnn', 'nnn', 'upp', 'pun', 'uuu', 'pup', 'nnp'];
  const NAMES: Record<string, string> = { p: 'positive', n: 'negative', u: 'who knows' };
  const voting = () =>
    new FakeTeacher(async (request) => answer(request, NAMES[request.text[request.sample] as string] as string));

  it('asks no vote that could not change the outcome, and gives the same labels', async () => {
    chunk = await ChunkFixture.make(TEXTS);
    const all = voting();
    const allResult = await chunk.annotate(all, newTask());
    expect(all.sent).toHaveLength(33);
    const labelsOfAll = await majorities(chunk);
    chunk.dispose();

    chunk = await ChunkFixture.make(TEXTS);
    const few = voting();
    const { counts } = await chunk.annotate(few, newTask({ votes: { stop: 'majority' } }));
    for (const text of TEXTS) {
      const settled = text.startsWith('pp') || text.startsWith('nn');
      expect([text, few.requestsOf(text)]).toEqual([text, settled ? 2 : 3]);
    }
    expect(counts).toMatchObject({ calls: 29, texts: 11, callsMajorityWouldSave: 4 });
    expect(allResult.counts.callsMajorityWouldSave).toBe(4);
    expect(await majorities(chunk)).toEqual(labelsOfAll);
  });

  async function majorities({ folder, store }: ChunkFixture): Promise<Record<string, string | null>> {
    const votes = new Map<string, Map<string, number>>();
    for (const { textKey, vote } of (await chunkReplies(store, folder)).values()) {
      const counts = votes.get(textKey) ?? new Map<string, number>();
      if (vote.label !== null) counts.set(vote.label, (counts.get(vote.label) ?? 0) + 1);
      votes.set(textKey, counts);
    }
    return Object.fromEntries(
      [...votes].map(([text, counts]) => {
        const most = Math.max(0, ...counts.values());
        const leaders = [...counts].filter(([, count]) => count === most && most > 0);
        return [text, leaders.length === 1 ? (leaders[0]?.[0] ?? null) : null];
      }),
    );
  }
});
