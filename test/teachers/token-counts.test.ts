/** What providers tell of tokens, which is what money is counted by. */
import { createTeacher, type Teacher, TeacherFailedError } from '../../src/teachers/index.js';
import { never, question, rejectionOf, settingsOf } from './sentiment-task.js';
import { completion, json, type StandInServer, standIn } from './stand-in-server.js';

let server: StandInServer;
let answer: unknown;
let headers: Record<string, string> = {};

beforeAll(async () => {
  server = await standIn((response) => json(response, 200, answer, headers));
});
afterAll(() => server.close());
beforeEach(() => {
  headers = {};
});

async function asking<Result>(provider: Provider, ask: (teacher: Teacher) => Promise<Result>): Promise<Result> {
  const url = provider === 'huggingface' ? `${server.url}/v1` : server.url;
  const settings = settingsOf({ provider, url, model: 'some/model' });
  const teacher = await createTeacher(settings, { env: {}, readRecording: async function* () {} });
  return ask(teacher).finally(() => teacher.close());
}

type Provider = 'huggingface' | 'text-generation';

const reply = (provider: Provider) => asking(provider, (teacher) => teacher.ask(question('x'), never()));

describe('counts that can not be', () => {
  it.each([
    ['none of a prompt', 0, 30],
    ['none of a reply that says something', 120, 0],
    ['more than sums can hold', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['halves, or words', 1.5, 'many'],
    ['fewer than none', -5, -1],
  ])('are taken as not told: %s', async (_, prompt, ofReply) => {
    const possible = { inputTokens: prompt === 120 ? 120 : null, outputTokens: ofReply === 30 ? 30 : null };
    answer = { ...completion('positive'), usage: { prompt_tokens: prompt, completion_tokens: ofReply } };
    expect(await reply('huggingface')).toMatchObject({ content: 'positive', ...possible });
    headers = { 'x-prompt-tokens': String(prompt) };
    answer = { generated_text: 'positive', details: { finish_reason: 'eos_token', generated_tokens: ofReply } };
    expect(await reply('text-generation')).toMatchObject({ content: 'positive', ...possible });
  });

  it('leave the other one as it is told', async () => {
    answer = { ...completion('positive'), usage: { completion_tokens: 30 } };
    expect(await reply('huggingface')).toMatchObject({ inputTokens: null, outputTokens: 30 });
    headers = { 'x-prompt-tokens': '120' };
    answer = { generated_text: 'positive', details: { finish_reason: 'eos_token' } };
    expect(await reply('text-generation')).toMatchObject({
      finishReason: 'stop',
      inputTokens: 120,
      outputTokens: null,
    });
  });

  it('do not hide that a reply may be empty', async () => {
    answer = { ...completion(null), usage: { prompt_tokens: 120, completion_tokens: 0 } };
    expect(await reply('huggingface')).toMatchObject({ content: '', inputTokens: 120, outputTokens: 0 });
  });
});

describe('an answer that is no chat completion', () => {
  const failure = async (body: unknown) => {
    answer = body;
    return rejectionOf(reply('huggingface'));
  };

  it('was billed, perhaps, where it tells the tokens that it took', async () => {
    const { usage } = completion('x');
    for (const body of [
      { choices: [], usage },
      { choices: [{ finish_reason: 'content_filter' }], usage },
      { choices: [{ message: { content: [{ type: 'text', text: 'positive' }] } }], usage },
    ]) {
      const error = await failure(body);
      expect(error).toBeInstanceOf(TeacherFailedError);
      expect(error).toMatchObject({ answered: false });
    }
  });

  it.each([
    { error: { message: 'overloaded' } },
    { choices: [], usage: { prompt_tokens: 0, completion_tokens: 0 } },
    { choices: [], usage: null },
  ])('was not where it tells none: %j', async (body) => {
    expect(await failure(body)).toMatchObject({ name: 'TeacherFailedError', answered: true });
  });
});
