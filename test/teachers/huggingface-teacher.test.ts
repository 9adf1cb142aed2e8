import type { HttpConnection } from '../../src/teachers/http-connection.js';
import { HuggingFaceTeacher } from '../../src/teachers/huggingface-teacher.js';
import { never, question, settingsOf } from './sentiment-task.js';
import { completion } from './stand-in-server.js';

/** Keeps what would have been sent and answers with the given object. */
function teacherOnRouter(answer: unknown) {
  const sent: Array<{ url: string; headers: Record<string, string>; body: string | null }> = [];
  const connection: Pick<HttpConnection, 'send' | 'close'> = {
    send: async (url, { body, headers }) => {
      sent.push({ url, headers, body });
      return { text: JSON.stringify(answer), json: answer, header: () => null };
    },
    close: async () => undefined,
  };
  const teacher = new HuggingFaceTeacher({
    settings: { ...settingsOf({}), model: 'a/b:groq' },
    endpoint: null,
    credentials: { key: 'hf_0123', keyName: 'HF_TOKEN', headers: {}, secrets: ['hf_0123'] },
    connection: connection as HttpConnection,
  });
  return { sent, teacher };
}

describe('HuggingFaceTeacher', () => {
  it("asks the Hub's router with the token, and names the model with its provider", async () => {
    const { sent, teacher } = teacherOnRouter(completion('positive'));
    await teacher.ask(question('x'), never());
    expect(sent).toHaveLength(1);
    expect(sent[0]?.url).toBe('https://router.huggingface.co/v1/chat/completions');
    expect(sent[0]?.headers.authorization).toBe('Bearer hf_0123');
    expect(JSON.parse(sent[0]?.body ?? '')).toMatchObject({ model: 'a/b:groq' });
  });

  it.each([
    ['stop', 'stop'],
    ['eos_token', 'stop'],
    ['length', 'length'],
    ['content_filter', 'filtered'],
    ['tool_calls', 'unknown'],
  ])('takes the finish reason %s as %s', async (given, finishReason) => {
    const { teacher } = teacherOnRouter(completion('x', given));
    expect((await teacher.ask(question('x'), never())).finishReason).toBe(finishReason);
  });

  it('takes a reply without content as empty, and senseless token counts as unknown', async () => {
    const usage = { prompt_tokens: '12', completion_tokens: -1 };
    const { teacher } = teacherOnRouter({ ...completion(null), usage });
    const reply = await teacher.ask(question('x'), never());
    expect(reply).toMatchObject({ content: '', inputTokens: null, outputTokens: null });
  });

  it('does without usage', async () => {
    const { choices } = completion('positive');
    const { teacher } = teacherOnRouter({ choices });
    expect(await teacher.ask(question('x'), never())).toMatchObject({ content: 'positive', inputTokens: null });
  });
});
