import { OWN_TEACHER } from '../../../src/contracts/index.js';
import {
  chunkFolder,
  chunkReplies,
  earlierChunks,
  firstUnknownQuestion,
  QuestionRefusedError,
} from '../../../src/teachers/index.js';
import { askedTeacher, ChunkFixture, newTask } from './chunk-fixture.js';
import { answer, FakeTeacher } from './fake-teacher.js';

let chunk: ChunkFixture;
afterEach(() => chunk.dispose());

describe('A later run', () => {
  it('pays only for texts and questions that are new', async () => {
    chunk = await ChunkFixture.make(20);
    await chunk.annotate(new FakeTeacher(), newTask());
    const later = await chunk.laterRun(25, 'runs/second');
    const teacher = new FakeTeacher();
    const { complete, counts } = await later.annotate(teacher, newTask());
    expect(complete).toBe(true);
    expect(new Set(teacher.sent.map((request) => request.text))).toEqual(
      new Set(['text 20', 'text 21', 'text 22', 'text 23', 'text 24']),
    );
    expect(counts).toMatchObject({ texts: 25, calls: 15, replies: 15, reused: 60, spentMicros: 15 * 400 });
    // The third run finds all in the second one's chunk.
    const third = await later.laterRun(25, 'runs/third');
    const idle = new FakeTeacher();
    expect((await third.annotate(idle, newTask())).counts).toMatchObject({ texts: 25, calls: 0, reused: 75 });
    expect(idle.sent).toEqual([]);
  });

  it('asks again what another model, temperature, seed or guideline would answer otherwise', async () => {
    chunk = await ChunkFixture.make(2);
    await chunk.annotate(new FakeTeacher(), newTask());
    const changes = [
      newTask({ votes: { plan: [{ prompt: 'reasoned', samples: 3, temperature: 0.2 }] } }),
      newTask({ teacher: { seed: 1 } }),
      { ...newTask(), guideline: 'Look twice.' },
    ];
    for (const [index, task] of changes.entries()) {
      const teacher = new FakeTeacher();
      await (await chunk.laterRun(2, `runs/change-${index}`)).annotate(teacher, task);
      expect(teacher.sent).toHaveLength(6);
    }
  });

  it('asks another endpoint again where neither names its model, and the same one not', async () => {
    chunk = await ChunkFixture.make(2);
    const at = (host: string) => newTask({ teacher: { provider: 'text-generation', url: `http://${host}:8080` } });
    const calls = async (run: ChunkFixture, host: string) => {
      const { counts } = await run.annotate(Object.assign(new FakeTeacher(), { model: null }), at(host));
      return counts.calls;
    };
    expect(await calls(chunk, 'llama')).toBe(6);
    expect(await calls(await chunk.laterRun(2, 'runs/same'), 'llama')).toBe(0);
    expect(await calls(await chunk.laterRun(2, 'runs/other'), 'mistral')).toBe(6);
  });

  it('asks again what was refused, and only that', async () => {
    chunk = await ChunkFixture.make(['too long', 'fine']);
    const refusing = new FakeTeacher(async (request) => {
      if (request.text === 'too long') throw new QuestionRefusedError('400');
      return answer(request, 'neutral');
    });
    await chunk.annotate(refusing, newTask());
    const teacher = new FakeTeacher();
    const later = await chunk.laterRun(['too long', 'fine'], 'runs/second');
    const { counts } = await later.annotate(teacher, newTask());
    expect(teacher.sent.map((request) => request.text)).toEqual(['too long', 'too long', 'too long']);
    expect(counts).toMatchObject({ unreadable: 0, reused: 3, replies: 3 });
  });

  it('reads old replies with the spellings of its own labels', async () => {
    chunk = await ChunkFixture.make(['only']);
    const teacher = new FakeTeacher(async (request) => answer(request, 'bullish'));
    expect((await chunk.annotate(teacher, newTask())).counts.unreadable).toBe(3);
    const labels = [{ name: 'positive', aliases: ['bullish'] }, { name: 'negative' }, { name: 'neutral' }];
    const later = await chunk.laterRun(['only'], 'runs/second');
    const { counts } = await later.annotate(new FakeTeacher(), newTask({ labels }));
    expect(counts).toMatchObject({ calls: 0, reused: 3, unreadable: 0 });
    const votes = [...(await chunkReplies(later.store, later.folder)).values()].map((reply) => reply.vote.label);
    expect(votes).toEqual(['positive', 'positive', 'positive']);
  });

  it('finds what a run that never finished had paid for', async () => {
    chunk = await ChunkFixture.make(10);
    const activity = new AbortController();
    const first = new FakeTeacher(async (request, number) => {
      if (number === 11) activity.abort(new Error('gone'));
      return answer(request);
    });
    const task = newTask({ teacher: { concurrency: 1 } });
    await expect(chunk.annotate(first, task, { ports: { signal: activity.signal } })).rejects.toThrow('gone');
    const later = await chunk.laterRun(10, 'runs/second');
    const teacher = new FakeTeacher();
    expect((await later.annotate(teacher, task)).counts).toMatchObject({ reused: 12, calls: 18 });
  });
});

describe("A chunk's folder", () => {
  const KEY = { first: '0123456789abcdef'.repeat(4), last: 'f'.repeat(64) };
  const entry = { name: 'corpus-00003', firstKey: KEY.first, lastKey: KEY.last };

  it('tells which keys it covers, and is found by other runs only', async () => {
    chunk = await ChunkFixture.make(1);
    const folder = chunkFolder('runs/a/1', entry);
    await chunk.store.write(`${folder}/claim-000001`, '{}');
    const found = await earlierChunks(chunk.store, 'runs/b/1');
    expect(found).toEqual([{ folder, firstKey: '0123456789abcdef', lastKey: KEY.last }]);
    // The bounds include every key of the chunk.
    expect(found[0]!.firstKey <= KEY.first && KEY.last <= found[0]!.lastKey).toBe(true);
    expect(await earlierChunks(chunk.store, 'runs/a/1')).toEqual([]);
    expect(chunkFolder('runs/b/1', entry)).not.toBe(folder);
  });
});

describe('The first unknown question', () => {
  it('is the first vote of the plan that neither this run nor an earlier one has', async () => {
    chunk = await ChunkFixture.make(5);
    const teacher = new FakeTeacher();
    const task = newTask();
    const own = { name: OWN_TEACHER, asked: askedTeacher(task, teacher) };
    const unknown = (of: ChunkFixture) => firstUnknownQuestion(of.store, task, own, of.chunk, of.folder);
    const first = await unknown(chunk);
    expect([first?.request.text, first?.request.sample]).toEqual([chunk.texts[0], 0]);
    await chunk.annotate(teacher, newTask(), { job: { grant: { calls: 4, tokens: null, micros: null } } });
    const next = await unknown(chunk);
    expect([
      first?.key === next?.key,
      teacher.sent.some(({ text, sample }) => text === next?.request.text && sample === next?.request.sample),
    ]).toEqual([false, false]);
    await chunk.annotate(teacher, newTask());
    expect(await unknown(chunk)).toBeNull();
    const later = await chunk.laterRun([...chunk.texts, 'zz'], 'runs/second');
    expect((await unknown(later))?.request.text).toBe('zz');
  });
});
