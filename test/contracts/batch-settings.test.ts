import { hoursOfWindow, parseOrExplain, Task } from '../../src/contracts/index.js';

const task = (teacher: Record<string, unknown>) => ({
  name: 'tone',
  kind: 'text-classification',
  labels: [{ name: 'good' }, { name: 'bad' }],
  teacher,
});

describe('teacher.batch', () => {
  it('takes the usual settings where it is empty', () => {
    const parsed = Task.parse(task({ url: 'https://api.openai.com/v1', batch: {} }));
    expect(parsed.teacher.batch).toMatchObject({ priceFactor: 0.5, completionWindow: '24h' });
  });

  it.each([
    ['the router', { model: 'a/b', batch: {} }],
    ['another protocol', { provider: 'text-generation', url: 'http://localhost:8080', batch: {} }],
    ['a recording', { provider: 'recorded', replies: 'replies.jsonl', batch: {} }],
  ])('is refused for %s, with what would do', (_, teacher) => {
    const parsed = parseOrExplain(Task, task(teacher));
    expect(parsed).toMatchObject({ ok: false, problems: expect.stringMatching(/teacher\.batch.*teacher\.url/) });
  });

  it('refuses a window that is no number of hours or days', () => {
    const teacher = { url: 'https://api.openai.com/v1', batch: { completionWindow: 'a day' } };
    expect(parseOrExplain(Task, task(teacher))).toMatchObject({
      ok: false,
      problems: expect.stringMatching(/24h, 7d/),
    });
  });

  it('counts its window in hours', () => {
    expect(hoursOfWindow('24h')).toBe(24);
    expect(hoursOfWindow('7d')).toBe(168);
  });
});
