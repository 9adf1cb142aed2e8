import { dearestCall } from '../../src/activities/dearest-call.js';
import { OWN_TEACHER } from '../../src/contracts/index.js';
import { chunkRows, plannedQuestions, questionOf } from '../../src/teachers/index.js';
import { askedTeacher, ChunkFixture, newTask } from '../teachers/engine/chunk-fixture.js';
import { FakeTeacher } from '../teachers/engine/fake-teacher.js';

describe('the dearest call of a run', () => {
  it.each([
    ['the longest text', ['a', 'a'.repeat(300)]],
    ['a shorter text whose characters the prompt writes as escapes', ['a'.repeat(300), '<'.repeat(100)]],
    ['a text of line ends', ['ä'.repeat(100), '\n'.repeat(150)]],
  ])('is that of %s', async (_, texts) => {
    const fixture = await ChunkFixture.make(texts);
    try {
      const { chunk, store } = fixture;
      const task = newTask();
      const asked = askedTeacher(task, new FakeTeacher());
      const calls = (await chunkRows(store, chunk)).flatMap((row) =>
        plannedQuestions(task).map((planned) => questionOf(task, asked, row, planned).worst),
      );
      expect(await dearestCall(store, task, { chunks: [chunk] }, new Map([[OWN_TEACHER, asked]]))).toEqual({
        calls: 1,
        tokens: Math.max(...calls.map(({ tokens }) => tokens)),
        micros: Math.max(...calls.map(({ micros }) => micros ?? 0)),
      });
    } finally {
      fixture.dispose();
    }
  });
});
