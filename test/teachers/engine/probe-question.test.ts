import { OWN_TEACHER, type Spending } from '../../../src/contracts/index.js';
import { QuestionRefusedError, spentByChunk, type TeacherRequest } from '../../../src/teachers/index.js';
import { probeQuestion } from '../../../src/teachers/probe-question.js';
import { readLedger } from '../../../src/teachers/reply-ledger.js';
import {
  askedTeacher,
  CALL_MICROS,
  ChunkFixture,
  type ChunkRecord,
  newTask,
  type TaskChanges,
} from './chunk-fixture.js';
import { FakeTeacher } from './fake-teacher.js';

let chunk: ChunkFixture;
let teacher: FakeTeacher;
beforeEach(async () => {
  chunk = await ChunkFixture.make(5);
  teacher = new FakeTeacher();
});
afterEach(() => chunk.dispose());

async function probe({
  ask = (request: TeacherRequest) => teacher.ask(request, new AbortController().signal),
  changes = {} as TaskChanges,
  jsonSchema = true,
  spent = undefined as Spending | undefined,
} = {}) {
  const task = newTask(changes);
  const job = {
    task,
    name: OWN_TEACHER,
    asked: { ...askedTeacher(task, teacher), jsonSchema },
    chunk: chunk.chunk,
    folder: chunk.folder,
    owner: { activity: 'a probe', attempt: 1 },
    spent: spent ?? (await readLedger(chunk.store, chunk.folder)).spent,
  };
  return probeQuestion(job, { store: chunk.store, ask });
}

describe('A probe', () => {
  it('asks the first question, and annotation finds it paid without waiting for the probe', async () => {
    const reply = await probe();
    expect(teacher.sent).toEqual([expect.objectContaining({ text: chunk.texts[0], sample: 0 })]);
    expect(reply).toMatchObject({ sample: 0, costMicros: CALL_MICROS, vote: { unreadable: null } });
    const startedAt = Date.now();
    const { counts } = await chunk.annotate(teacher, newTask());
    expect(Date.now() - startedAt).toBeLessThan(1500);
    expect(teacher.sent).toHaveLength(15);
    expect(counts).toMatchObject({ texts: 5, calls: 15, replies: 15, spentMicros: 15 * CALL_MICROS });
  });

  it('that is tried again finds its reply in the ledger and does not pay again', async () => {
    const first = await probe();
    expect(await probe()).toEqual(first);
    expect(teacher.sent).toHaveLength(1);
  });

  it('that is killed in its call is uncertain, and the next one asks', async () => {
    await expect(
      probe({
        ask: async () => {
          throw new Error('the process dies');
        },
      }),
    ).rejects.toThrow('the process dies');
    const { worst } = (await chunk.records('journal-000001.jsonl'))[0] as ChunkRecord;
    expect(await readLedger(chunk.store, chunk.folder)).toMatchObject({ uncertain: 1, spent: worst });
    await probe();
    expect(await readLedger(chunk.store, chunk.folder)).toMatchObject({
      spent: { calls: 2, micros: Number(worst.micros) + CALL_MICROS },
    });
  });

  it('whose schema is refused can ask once more without, and both requests are counted', async () => {
    const ask = async (request: TeacherRequest) => {
      const reply = await teacher.ask(request, new AbortController().signal);
      if (request.jsonSchema !== null) throw new QuestionRefusedError('400: response_format is not supported');
      return reply;
    };
    await expect(probe({ ask })).rejects.toThrow(QuestionRefusedError);
    const reply = await probe({ ask, jsonSchema: false });
    expect(reply?.costMicros).toBe(CALL_MICROS);
    const { counts } = await chunk.annotate(teacher, newTask(), { asked: { jsonSchema: false } });
    expect(counts).toMatchObject({ calls: 16, retried: 1, replies: 15, spentMicros: 15 * CALL_MICROS });
    expect(teacher.sent).toHaveLength(16);
  });

  it('is spending of its chunk, which the run knows of before it grants anything', async () => {
    const chunks = [{ ...chunk.chunk, name: 'corpus-00001' }, chunk.chunk];
    expect(await spentByChunk(chunk.store, 'runs/first', chunks)).toEqual([]);
    await probe();
    const [of, ...others] = await spentByChunk(chunk.store, 'runs/first', chunks);
    expect(of).toMatchObject({ index: 1, spending: { calls: 1, micros: CALL_MICROS } });
    expect(others).toEqual([]);
    expect(await spentByChunk(chunk.store, 'runs/second', chunks)).toEqual([]);
  });

  it('is not sent where what other chunks have come to leaves no room for it', async () => {
    expect(await probe({ changes: { budget: { calls: 1 } }, spent: { calls: 1, tokens: 10, micros: 5 } })).toBeNull();
    expect(teacher.sent).toEqual([]);
  });

  it('asks nothing when everything is known', async () => {
    await chunk.annotate(teacher, newTask());
    chunk = await chunk.laterRun(5, 'runs/second');
    const before = teacher.sent.length;
    expect(await probe()).toBeNull();
    expect(teacher.sent).toHaveLength(before);
    expect(await chunk.store.names(chunk.folder)).toEqual([]);
  });

  it.each([[{ calls: 0 }], [{ usd: 0.000001 }], [{ tokens: 100 }]])(
    'asks nothing that the budget %p does not reach for',
    async (budget) => {
      expect(await probe({ changes: { budget } })).toBeNull();
      expect(teacher.sent).toEqual([]);
    },
  );
});
