import { CallLimiter } from '../../../src/teachers/call-limiter.js';
import {
  QuestionRefusedError,
  TeacherBusyError,
  TeacherFailedError,
  TeacherUnreachableError,
  TeacherUnreadableError,
} from '../../../src/teachers/index.js';
import { readLedger } from '../../../src/teachers/reply-ledger.js';
import { CALL_MICROS, ChunkFixture, newTask } from './chunk-fixture.js';
import { answer, FakeTeacher, latency, type Script } from './fake-teacher.js';

const made: ChunkFixture[] = [];
afterAll(() => {
  for (const each of made) each.dispose();
});

async function newChunk(texts: number | readonly string[]): Promise<ChunkFixture> {
  const chunk = await ChunkFixture.make(texts);
  made.push(chunk);
  return chunk;
}

const oneVote = (teacher: Record<string, unknown> = {}) =>
  newTask({ teacher, votes: { plan: [{ prompt: 'reasoned' }] } });

/** Fails for a text, in the given way, so many times; else answers. */
const failing = (text: string, error: () => Error, times = Number.POSITIVE_INFINITY): Script => {
  let left = times;
  return async (request) => {
    if (request.text === text && left-- > 0) throw error();
    return answer(request);
  };
};

const serverError = () => new TeacherFailedError('fake-host answered 500', true);
const dropped = () => new TeacherFailedError('the connection to fake-host broke off', false);

// They wait, most of the time: together they take as long as the longest.
describe('A teacher that is busy', () => {
  it.concurrent('is asked again after as long as it said, however often: that is no failed attempt', async () => {
    const chunk = await newChunk(['busy']);
    const teacher = new FakeTeacher(failing('busy', () => new TeacherBusyError('429', 700), 3));
    const result = await chunk.annotate(teacher, oneVote({ attempts: 1 }));
    expect(result.counts).toMatchObject({ calls: 4, retried: 3, unreadable: 0, spentMicros: CALL_MICROS });
    const gaps = teacher.sent.slice(1).map((request, i) => request.at - teacher.sent[i]!.at);
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(699);
      expect(gap).toBeLessThan(1000);
    }
  });

  it.concurrent('lets other calls go on meanwhile', async () => {
    const chunk = await newChunk(30);
    const teacher = new FakeTeacher(async (request, number, signal) => {
      if (number === 5) throw new TeacherBusyError('429', 1000);
      await latency(5, signal);
      return answer(request);
    });
    const { counts } = await chunk.annotate(teacher, oneVote({ concurrency: 2 }));
    expect(counts).toMatchObject({ texts: 30, calls: 31, retried: 1, busy: 1 });
    const meanwhile = teacher.sent.slice(6).filter((request) => request.at < teacher.sent[5]!.at + 990);
    expect(meanwhile).toHaveLength(24);
  });

  it.concurrent('with the whole account, as its headers say, is left alone by all calls', async () => {
    const chunk = await newChunk(30);
    const requests = { refill: 'window' as const, limit: 100, remaining: 0, resetMs: 1000, exactToMs: 1 };
    const teacher = new FakeTeacher(async (request, number, signal) => {
      if (number === 5) throw new TeacherBusyError('429', 1000, { requests, tokens: null });
      await latency(5, signal);
      return answer(request);
    });
    const { complete } = await chunk.annotate(teacher, oneVote({ concurrency: 2 }));
    expect(complete).toBe(true);
    const busyAt = teacher.sent[5]!.at;
    // At most the one that was on its way.
    const meanwhile = teacher.sent.slice(6).filter((request) => request.at < busyAt + 990);
    expect(meanwhile.length).toBeLessThanOrEqual(1);
  });

  it.concurrent('that gives no time, or none to speak of, is not asked in a hot loop', async () => {
    const chunk = await newChunk(['busy']);
    const waits: Array<number | null> = [0, null, 0];
    const teacher = new FakeTeacher(async (request, number) => {
      const wait = waits[number];
      if (wait !== undefined) throw new TeacherBusyError('429', wait);
      return answer(request);
    });
    await chunk.annotate(teacher, oneVote({ attempts: 1 }));
    expect(teacher.sent).toHaveLength(4);
    expect(teacher.sent[3]!.at - teacher.sent[0]!.at).toBeGreaterThanOrEqual(1240);
  });

  it.concurrent('that wants to be left alone for longer than it may be silent pauses the run at once', async () => {
    const chunk = await newChunk(['busy']);
    const limiter = new CallLimiter({ concurrency: 8, requestsPerMinute: null, tokensPerMinute: null });
    const teacher = new FakeTeacher(failing('busy', () => new TeacherBusyError('429', 3_600_000), 1));
    const task = oneVote({ deadAfterSeconds: 60 });
    await expect(chunk.annotate(teacher, task, { asked: { limiter } })).rejects.toThrow(
      'fake-host wants to be left alone for 3600 s, longer than teacher.deadAfterSeconds (60); last: 429',
    );
    // When a person resumes the run, it asks again without waiting for the hour.
    expect((await chunk.annotate(teacher, task, { asked: { limiter } })).complete).toBe(true);
  });
});

describe('A call that fails', () => {
  it.concurrent('with an answer is free and asked again, after longer and longer pauses', async () => {
    const chunk = await newChunk(['bad']);
    const teacher = new FakeTeacher(failing('bad', serverError, 4));
    const { counts } = await chunk.annotate(teacher, oneVote());
    expect(counts).toMatchObject({ calls: 5, retried: 4, uncertain: 0, replies: 1, spentMicros: CALL_MICROS });
    const gaps = teacher.sent.slice(1).map((request, i) => request.at - teacher.sent[i]!.at);
    // 500, 1000, 2000, 4000, each less up to a half.
    gaps.forEach((gap, i) => {
      expect(gap).toBeGreaterThanOrEqual(250 * 2 ** i - 1);
      expect(gap).toBeLessThan(500 * 2 ** i + 200);
    });
  });

  it.concurrent('without an answer may have been billed: it stays open at its worst price', async () => {
    const chunk = await newChunk(['gone']);
    const teacher = new FakeTeacher(failing('gone', dropped, 2));
    const { counts } = await chunk.annotate(teacher, oneVote());
    const [opened] = await chunk.records('journal-000001.jsonl');
    const worst = Number(opened?.worst.micros);
    expect(worst).toBeGreaterThan(CALL_MICROS);
    expect(counts).toMatchObject({ calls: 3, retried: 0, uncertain: 2, spentMicros: CALL_MICROS + 2 * worst });
  });

  it.concurrent('again and again while others succeed is given up: the text has no vote, the run goes on', async () => {
    const chunk = await newChunk(['poison', ...Array.from({ length: 30 }, (_, i) => `text ${i}`)]);
    const fails = failing('poison', serverError);
    const teacher = new FakeTeacher(async (request, number, signal) => {
      await latency(100, signal);
      return fails(request, number, signal);
    });
    const { complete, counts } = await chunk.annotate(teacher, oneVote({ attempts: 3, concurrency: 2 }));
    expect(complete).toBe(true);
    expect(teacher.requestsOf('poison')).toBe(3);
    expect(counts).toMatchObject({ texts: 31, calls: 33, retried: 3, unreadable: 1, spentMicros: 30 * CALL_MICROS });
    // In this run nobody asks it again.
    await chunk.store.remove(`${chunk.folder}/sealed.json`);
    expect((await chunk.annotate(teacher, oneVote())).counts).toEqual(counts);
    expect(teacher.sent).toHaveLength(33);
  });

  it.concurrent('for all texts is an outage: no question is given up, and they are answered when it is over', async () => {
    const chunk = await newChunk(20);
    let outage = 0;
    const teacher = new FakeTeacher(async (request, number, signal) => {
      await latency(10, signal);
      if (number >= 10) outage ||= Date.now() + 2500;
      if (Date.now() < outage) throw serverError();
      return answer(request);
    });
    const { counts } = await chunk.annotate(teacher, oneVote({ attempts: 2, concurrency: 4 }));
    expect(counts).toMatchObject({ texts: 20, unreadable: 0, replies: 20 });
    expect(counts.retried).toBeGreaterThan(8);
  });
});

describe('A question that the teacher refuses', () => {
  it.concurrent('is asked once, free of charge, and gives an unreadable vote', async () => {
    const chunk = await newChunk(['too long', 'fine']);
    const teacher = new FakeTeacher(failing('too long', () => new QuestionRefusedError('400: context length')));
    const { counts } = await chunk.annotate(teacher, oneVote());
    expect(teacher.requestsOf('too long')).toBe(1);
    expect(counts).toMatchObject({ texts: 2, calls: 2, unreadable: 1, uncertain: 0, spentMicros: CALL_MICROS });
  });
});

describe('A dead teacher', () => {
  it.concurrent('pauses the run when it was silent for too long, with its last error', async () => {
    const chunk = await newChunk(10);
    const teacher = new FakeTeacher(async () => {
      throw dropped();
    });
    const startedAt = Date.now();
    const annotated = chunk.annotate(teacher, oneVote({ deadAfterSeconds: 2, attempts: 2 }));
    await expect(annotated).rejects.toThrow(TeacherUnreachableError);
    await expect(annotated).rejects.toThrow(
      'no reply from fake-host for 2 s; last: the connection to fake-host broke off',
    );
    const took = Date.now() - startedAt;
    expect(took).toBeGreaterThan(2000);
    expect(took).toBeLessThan(5000);
    const ledger = await readLedger(chunk.store, chunk.folder);
    expect(ledger).toMatchObject({ spent: { calls: teacher.sent.length }, uncertain: teacher.sent.length });
    expect(ledger.replies.size).toBe(0);
  });

  it.concurrent('is told from a last question that nobody can answer: resumed, the run gives that one up', async () => {
    const chunk = await newChunk(['poison']);
    const teacher = new FakeTeacher(failing('poison', serverError));
    const task = oneVote({ deadAfterSeconds: 1, attempts: 2 });
    await expect(chunk.annotate(teacher, task)).rejects.toThrow(TeacherUnreachableError);
    const { complete, counts } = await chunk.annotate(teacher, task);
    expect(complete).toBe(true);
    expect(counts).toMatchObject({ texts: 1, unreadable: 1, spentMicros: 0, calls: teacher.sent.length });
  });

  it.concurrent('is still an outage when the run is resumed too early: no question is given up', async () => {
    const chunk = await newChunk(4);
    let down = true;
    const teacher = new FakeTeacher(async (request) => {
      if (down) throw serverError();
      return answer(request);
    });
    const task = oneVote({ deadAfterSeconds: 1, attempts: 2 });
    await expect(chunk.annotate(teacher, task)).rejects.toThrow(TeacherUnreachableError);
    await expect(chunk.annotate(teacher, task)).rejects.toThrow(TeacherUnreachableError);
    down = false;
    expect((await chunk.annotate(teacher, task)).counts).toMatchObject({ texts: 4, unreadable: 0, replies: 4 });
  });
});

describe('Replies that can not be read', () => {
  const chatter = (unreadable: (number: number) => boolean) =>
    new FakeTeacher(async (request, number) =>
      unreadable(number) ? { ...answer(request), content: `No idea ${number}. ${'x'.repeat(500)}` } : answer(request),
    );

  it.concurrent('end the run when they are more than 50 of the first 100, and three are shown, cut short', async () => {
    const chunk = await newChunk(200);
    const teacher = chatter((number) => number % 3 !== 0);
    const error: Error = await chunk.annotate(teacher, oneVote()).then(
      () => new Error('it went on'),
      (reason: Error) => reason,
    );
    expect(error).toBeInstanceOf(TeacherUnreadableError);
    // Two of three: the 51st unreadable one is the 77th reply.
    expect(error.message).toMatch(/^51 of the first 77 replies could not be read/);
    const lines = error.message.split('\n');
    expect(lines).toHaveLength(5);
    for (const line of lines.slice(1, 4)) expect(line).toMatch(/^ {2}\(no-label\) "No idea \d+\. x{180,200}"$/);
    expect(lines[4]).toMatch(/^Look at the prompts with: tutelage task check TASK\./);
    expect(teacher.sent.length).toBeLessThanOrEqual(77 + 8);
  });

  it.concurrent('do not end it at exactly half, nor when they come later', async () => {
    const chunk = await newChunk(200);
    const teacher = chatter((number) => number % 2 === 1 || number >= 100);
    const { counts } = await chunk.annotate(teacher, oneVote({ concurrency: 1 }));
    expect(counts).toMatchObject({ texts: 200, unreadable: 150 });
  });
});
