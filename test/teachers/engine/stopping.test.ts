import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from '../../../src/store/index.js';
import { CallLimiter } from '../../../src/teachers/call-limiter.js';
import { claimChunk } from '../../../src/teachers/chunk-claim.js';
import { chunkReplies, settleFailedChunk, TeacherBusyError, TeacherRefusedError } from '../../../src/teachers/index.js';
import { readLedger } from '../../../src/teachers/reply-ledger.js';
import { CALL_MICROS, ChunkFixture, newTask } from './chunk-fixture.js';
import { answer, FakeTeacher, latency, type Script } from './fake-teacher.js';

/** The chunk looks at the store every 0.8 s. */
const A_SECOND = 1000;
const OTHER_CLAIM = JSON.stringify({ activity: 'of another worker', attempt: 1 });

const made: ChunkFixture[] = [];
afterAll(() => {
  for (const each of made) each.dispose();
});

async function newChunk(texts = 400): Promise<ChunkFixture> {
  const chunk = await ChunkFixture.make(texts);
  made.push(chunk);
  return chunk;
}

const slowly =
  (ms: number): Script =>
  async (request, _, signal) => {
    await latency(ms, signal);
    return answer(request);
  };

async function untilSent(teacher: FakeTeacher, requests: number): Promise<void> {
  while (teacher.sent.length < requests) await delay(5);
}

function sentAfter(teacher: FakeTeacher, at: number): number {
  return teacher.sent.filter((request) => request.at > at).length;
}

// They wait, most of the time: together they take as long as the longest.
describe('A chunk stops', () => {
  it.concurrent.each([
    ['paused', 'RunPausedError'],
    ['cancelled', 'RunCancelledError'],
  ])('within a second when its run is %s, and keeps what came back', async (state, error) => {
    const chunk = await newChunk();
    const teacher = new FakeTeacher(slowly(100));
    const annotated = chunk.annotate(teacher, newTask());
    await untilSent(teacher, 20);
    await chunk.setControl(state);
    const at = Date.now();
    await expect(annotated).rejects.toMatchObject({ name: error });
    // What was in flight came back within the grace, and nothing was aborted.
    expect(Date.now() - at).toBeLessThan(2 * A_SECOND);
    expect(sentAfter(teacher, at + A_SECOND)).toBe(0);
    const { replies, spent, uncertain } = await readLedger(chunk.store, chunk.folder);
    expect([spent.calls, replies.size, uncertain]).toEqual([teacher.sent.length, teacher.sent.length, 0]);

    await chunk.setControl('running');
    const rest = new FakeTeacher();
    const { complete } = await chunk.annotate(rest, newTask());
    expect([complete, rest.sent.length]).toEqual([true, 1200 - teacher.sent.length]);
  });

  it.concurrent('before its first call when its run is paused already', async () => {
    const chunk = await newChunk();
    await chunk.setControl('paused');
    const teacher = new FakeTeacher();
    await expect(chunk.annotate(teacher, newTask())).rejects.toMatchObject({ name: 'RunPausedError' });
    expect(teacher.sent).toEqual([]);
  });

  it.concurrent('aborts calls that do not come back within a second, and counts them as uncertain', async () => {
    const chunk = await newChunk();
    const teacher = new FakeTeacher(slowly(60_000));
    const annotated = chunk.annotate(teacher, newTask());
    await untilSent(teacher, 8);
    await chunk.setControl('paused');
    const at = Date.now();
    await expect(annotated).rejects.toMatchObject({ name: 'RunPausedError' });
    expect(Date.now() - at).toBeLessThan(3 * A_SECOND);
    expect([teacher.sent.length, teacher.inFlight]).toEqual([8, 0]);
    expect(await readLedger(chunk.store, chunk.folder)).toMatchObject({ spent: { calls: 8 }, uncertain: 8 });
  });

  it.concurrent('at once when its activity is ended, with the reason of its signal', async () => {
    const chunk = await newChunk();
    const teacher = new FakeTeacher(slowly(50));
    const activity = new AbortController();
    const annotated = chunk.annotate(teacher, newTask(), { ports: { signal: activity.signal } });
    await untilSent(teacher, 20);
    const at = Date.now();
    activity.abort(new Error('the worker is shut down'));
    await expect(annotated).rejects.toThrow('the worker is shut down');
    expect(sentAfter(teacher, at)).toBe(0);
    expect(Date.now() - at).toBeLessThan(A_SECOND);
  });

  it.concurrent('without a call when its activity was ended before it began', async () => {
    const chunk = await newChunk();
    const teacher = new FakeTeacher();
    const ended = AbortSignal.abort(new Error('too late'));
    await expect(chunk.annotate(teacher, newTask(), { ports: { signal: ended } })).rejects.toThrow('too late');
    expect(teacher.sent).toEqual([]);
  });

  it.concurrent('while all its calls wait for places that another run holds', async () => {
    const chunk = await newChunk();
    const limiter = new CallLimiter({ concurrency: 1, requestsPerMinute: null, tokensPerMinute: null });
    const other = await newChunk(1);
    const oneVote = newTask({ votes: { plan: [{ prompt: 'direct' }] } });
    const busy = new FakeTeacher(slowly(3000));
    const hog = other.annotate(busy, oneVote, { asked: { limiter } });
    await untilSent(busy, 1);
    const teacher = new FakeTeacher();
    const waiting = chunk.annotate(teacher, newTask(), { asked: { limiter } });
    await delay(100);
    const at = Date.now();
    await chunk.setControl('cancelled');
    await expect(waiting).rejects.toMatchObject({ name: 'RunCancelledError' });
    expect(Date.now() - at).toBeLessThan(2 * A_SECOND);
    expect(teacher.sent).toEqual([]);
    // Those that left the line took no place with them: the other run goes on.
    expect((await hog).complete).toBe(true);
  });

  it.concurrent('while its calls wait for others to turn out cheaper than reserved', async () => {
    const chunk = await newChunk();
    const teacher = new FakeTeacher(slowly(60_000));
    // One worst case of about 1,500 micro-dollars, not two.
    const grant = { calls: null, tokens: null, micros: 2500 };
    const annotated = chunk.annotate(teacher, newTask(), { job: { grant } });
    await untilSent(teacher, 1);
    const at = Date.now();
    await chunk.setControl('paused');
    await expect(annotated).rejects.toMatchObject({ name: 'RunPausedError' });
    expect(Date.now() - at).toBeLessThan(3 * A_SECOND);
    expect(teacher.sent).toHaveLength(1);
  });

  it.concurrent('while it waits as long as the teacher asked for', async () => {
    const chunk = await newChunk();
    const teacher = new FakeTeacher(async () => {
      throw new TeacherBusyError('429', 100_000);
    });
    const annotated = chunk.annotate(teacher, newTask());
    await untilSent(teacher, 1);
    const at = Date.now();
    await chunk.setControl('paused');
    await expect(annotated).rejects.toMatchObject({ name: 'RunPausedError' });
    expect(Date.now() - at).toBeLessThan(2 * A_SECOND);
  });
});

describe('A refused key', () => {
  it.concurrent('ends the chunk at once, although another vote of the text is still in flight, and nothing else is sent', async () => {
    const chunk = await newChunk();
    let refusedAt = 0;
    const teacher = new FakeTeacher(async (request, number, signal) => {
      await latency(request.sample === 1 ? 60_000 : 20, signal);
      if (number < 10) return answer(request);
      refusedAt ||= Date.now();
      throw new TeacherRefusedError('401', 401, 'Check the key.');
    });
    await expect(chunk.annotate(teacher, newTask())).rejects.toThrow(TeacherRefusedError);
    expect(refusedAt).toBeGreaterThan(0);
    expect(Date.now() - refusedAt).toBeLessThan(2 * A_SECOND);
    expect(sentAfter(teacher, refusedAt)).toBe(0);
    const { spent, uncertain } = await readLedger(chunk.store, chunk.folder);
    const unanswered = teacher.sent.filter((request) => request.sample === 1).length;
    expect([spent.calls, uncertain]).toEqual([teacher.sent.length, unanswered]);
  });
});

describe('A journal that takes no more', () => {
  it.concurrent('stops spending at once: no call is sent that it does not hold', async () => {
    const chunk = await newChunk();
    const APPENDS = 40;
    let opens = 0;
    let failedAt = 0;
    let appends = 0;
    const full = storeWithJournal(chunk.store, (line) => {
      if (++appends > APPENDS) {
        failedAt ||= Date.now();
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      }
      if (line.includes('"open"')) opens++;
    });
    const teacher = new FakeTeacher(slowly(20));
    // A grant that makes calls wait for others: they must be woken too.
    const grant = { calls: null, tokens: null, micros: 10_000 };
    const annotated = chunk.annotate(teacher, newTask(), { job: { grant }, ports: { store: full } });
    await expect(annotated).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(Date.now() - failedAt).toBeLessThan(A_SECOND);
    expect(teacher.sent).toHaveLength(opens);
    expect(sentAfter(teacher, failedAt)).toBe(0);
  });

  it.concurrent('from the start lets no call out', async () => {
    const chunk = await newChunk();
    const full = storeWithJournal(chunk.store, () => {
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    });
    const teacher = new FakeTeacher();
    await expect(chunk.annotate(teacher, newTask(), { ports: { store: full } })).rejects.toMatchObject({
      code: 'ENOSPC',
    });
    expect(teacher.sent).toEqual([]);
  });
});

describe('Two owners of a chunk', () => {
  it.concurrent('never send at the same time: the older one stops within a second, and its late replies are counted', async () => {
    const chunk = await newChunk();
    // One call outlives the claim by far, and can't be aborted.
    const older = new FakeTeacher(async (request, number, signal) => {
      if (number === 20) await delay(4000);
      else await latency(10, signal);
      return answer(request);
    });
    const first = chunk.annotate(older, newTask()).catch((error: Error) => error);
    await untilSent(older, 30);
    const claimedAt = Date.now();
    const newer = new FakeTeacher(slowly(20));
    const result = await chunk.annotate(newer, newTask());

    expect(await first).toMatchObject({ name: 'ClaimLostError' });
    expect(sentAfter(older, claimedAt + A_SECOND)).toBe(0);
    expect(newer.sent[0]!.at).toBeGreaterThan(older.sent.at(-1)!.at);
    expect(result.complete).toBe(true);
    // The newer one asked the lost question again; the older one's reply came before the seal, so nothing is uncertain.
    expect(older.sent.length + newer.sent.length).toBe(1201);
    expect(result.counts).toMatchObject({ calls: 1201, replies: 1200, uncertain: 0, spentMicros: 1201 * CALL_MICROS });
  });

  it.concurrent('a successor of one that was killed waits until it could not be sending any more', async () => {
    const chunk = await newChunk();
    await claimChunk(chunk.store, chunk.folder, { activity: 'a test', attempt: 1 });
    const claimedAt = Date.now();
    const teacher = new FakeTeacher();
    await chunk.annotate(teacher, newTask());
    expect(teacher.sent[0]!.at - claimedAt).toBeGreaterThanOrEqual(2000);
    expect((await chunkReplies(chunk.store, chunk.folder)).size).toBe(1200);
  });

  it.concurrent('one that only seemed dead sends nothing more once its chunk is settled as failed, and what it sent is counted', async () => {
    const chunk = await newChunk();
    const teacher = new FakeTeacher(slowly(20));
    const task = newTask();
    const owner = chunk.annotate(teacher, task).catch((error: Error) => error);
    await untilSent(teacher, 30);
    const settling = chunk.job(task, { owner: { activity: 'a settlement', attempt: 1 } });
    const { calls } = await settleFailedChunk(settling, chunk.ports(teacher, task));
    expect(await owner).toMatchObject({ name: 'ClaimLostError' });
    expect(calls).toBe(teacher.sent.length);
  });

  // Alone and last: it suspends the tests' own process.
  it('the older one sends nothing after a suspension before it has looked', async () => {
    const chunk = await newChunk();
    let suspendedAt = 0;
    const teacher = new FakeTeacher(async (request, number, signal) => {
      if (number === 50) {
        writeFileSync(join(chunk.root, chunk.folder, 'claim-000002'), OTHER_CLAIM);
        // The whole process stands still, as under SIGSTOP.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
        suspendedAt = Date.now();
      }
      await latency(number % 10, signal);
      return answer(request);
    });
    await expect(chunk.annotate(teacher, newTask())).rejects.toMatchObject({ name: 'ClaimLostError' });
    expect(suspendedAt).toBeGreaterThan(0);
    expect(teacher.sent).toHaveLength(51);
    const { replies, spent } = await readLedger(chunk.store, chunk.folder);
    // Calls that were opened and not sent are no calls.
    expect([spent.calls, replies.size]).toEqual([51, 51]);
  });
});

function storeWithJournal(store: Store, beforeAppend: (line: string) => void): Store {
  const journal: Store['journal'] = async (path) => {
    const real = await store.journal(path);
    return {
      append: async (line) => {
        beforeAppend(line);
        await real.append(line);
      },
      close: () => real.close(),
    };
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === 'journal') return journal;
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
