/** What every implementation of the teacher port must do. Run by teachers.test.ts for each provider. */
import {
  QuestionRefusedError,
  type Teacher,
  TeacherRefusedError,
  type TeacherRequest,
} from '../../src/teachers/index.js';
import { question, rejectionOf } from './sentiment-task.js';

export const RECORDED = [
  {
    text: 'Profit rose.',
    sample: 0,
    content: '{"reason": "Up.", "label": "positive"}',
    inputTokens: 200,
    outputTokens: 12,
  },
  { text: 'Profit rose.', sample: 1, content: '{"reason": "More.", "label": "positive"}' },
  { text: 'Profit rose.', prompt: 'direct', content: 'positive' },
  { text: 'It said "no"\n{"text": "x"}', content: '{"reason": "?", "label": "neutral"}' },
  { text: 'Cut off.', content: '{"reason": "It', finishReason: 'length' },
  { text: 'Leer 😀.', content: '' },
] as const;

export interface ConformingTeacher {
  readonly teacher: Teacher;
  /** false: it answers at once, there is nothing to abort. */
  readonly takesTime: boolean;
}

export function itConforms(open: () => ConformingTeacher): void {
  const ask = (request: TeacherRequest, signal = new AbortController().signal) => open().teacher.ask(request, signal);

  it('gives the reply to each question, text, style and sample', async () => {
    for (const line of RECORDED) {
      const sample = 'sample' in line ? line.sample : 0;
      const prompt = 'prompt' in line ? line.prompt : 'reasoned';
      const reply = await ask(question(line.text, { sample, prompt }));
      expect(reply.content).toBe(line.content);
      expect(reply.finishReason).toBe('finishReason' in line ? line.finishReason : 'stop');
    }
  });

  it('gives token counts as whole numbers or null, and a latency', async () => {
    const reply = await ask(question('Profit rose.'));
    expect(reply).toMatchObject({ inputTokens: 200, outputTokens: 12 });
    expect(reply.latencyMs).toBeGreaterThanOrEqual(0);
  });

  it('answers a hundred questions at once, each with its own reply', async () => {
    const asked = Array.from({ length: 100 }, (_, index) =>
      question('Profit rose.', { sample: index % 2, seed: 42 + (index % 2) }),
    );
    const replies = await Promise.all(asked.map((each) => ask(each)));
    expect(replies.map(({ content }) => content)).toEqual(asked.map(({ sample }) => RECORDED[sample]?.content));
  });

  it('refuses a question that it has no answer to', async () => {
    const error = await rejectionOf(ask(question('Nobody recorded this text.')));
    expect(error instanceof TeacherRefusedError || error instanceof QuestionRefusedError).toBe(true);
    expect((error as Error).message).not.toContain('Nobody recorded');
  });

  it('throws the reason of a signal that is aborted beforehand', async () => {
    const reason = new Error('stopped before');
    expect(await rejectionOf(ask(question('Profit rose.'), AbortSignal.abort(reason)))).toBe(reason);
  });

  it('throws the reason at once when it is aborted while it waits', async () => {
    const { takesTime } = open();
    const controller = new AbortController();
    const reason = new Error('stopped');
    const asking = rejectionOf(
      ask(question('Profit rose.'), controller.signal).then((reply) => (takesTime ? reply : Promise.reject(reason))),
    );
    const startedAt = performance.now();
    controller.abort(reason);
    expect(await asking).toBe(reason);
    expect(performance.now() - startedAt).toBeLessThan(200);
  });

  it('says who it is', () => {
    const { host, model, provider } = open().teacher;
    expect(['huggingface', 'text-generation', 'recorded']).toContain(provider);
    expect(host).not.toBe('');
    expect(model).toBe('replay');
  });
}
