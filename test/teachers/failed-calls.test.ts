import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import {
  createTeacher,
  QuestionRefusedError,
  type Teacher,
  TeacherBusyError,
  TeacherFailedError,
  TeacherRefusedError,
} from '../../src/teachers/index.js';
import { never, question, rejectionOf, settingsOf } from './sentiment-task.js';
import { completion, json, type StandInServer, standIn } from './stand-in-server.js';

const TEXT = 'The secret merger of Brindle Foods and Quillon Paper is off.';
const KEY = 'sk-very-secret-0123456789';

const providers = [
  ['huggingface', '/v1'],
  ['text-generation', ''],
] as const;

describe.each(providers)('a call that fails (%s)', (provider, path) => {
  let server: StandInServer;
  let teacher: Teacher;
  let respond: (response: ServerResponse) => void = () => undefined;

  beforeAll(async () => {
    server = await standIn((response) => respond(response));
    const settings = settingsOf({
      provider,
      url: `${server.url}${path}`,
      model: 'some/model',
      apiKeyEnv: 'TEACHER_KEY',
    });
    teacher = await createTeacher(settings, { env: { TEACHER_KEY: KEY }, readRecording: noRecording });
  });

  afterAll(async () => {
    await teacher.close();
    await server.close();
  });

  const failure = async (how: (response: ServerResponse) => void, timeoutMs = 10_000): Promise<unknown> => {
    respond = how;
    return rejectionOf(teacher.ask(question(TEXT, { timeoutMs }), never()));
  };
  const status = (code: number, body: unknown = { error: { message: 'no' } }, headers: Record<string, string> = {}) =>
    failure((response) => json(response, code, body, headers));

  it.each([401, 403])('refuses for good after %i and names the variable of the key', async (code) => {
    const error = await status(code, { error: 'Invalid credentials' });
    expect(error).toBeInstanceOf(TeacherRefusedError);
    expect(error).toMatchObject({ status: code, message: expect.stringContaining('Invalid credentials') });
    expect((error as TeacherRefusedError).mend).toContain('TEACHER_KEY');
  });

  it('refuses for good after 402 and asks for credit', async () => {
    const error = await status(402, { error: 'You have exceeded your monthly included credits.' });
    expect(error).toMatchObject({ name: 'TeacherRefusedError', status: 402, mend: expect.stringContaining('credit') });
  });

  it.each([
    [404, { error: { message: 'The model `some/model` does not exist' } }],
    [404, '<html>nothing here</html>'],
    [400, { error: { message: "The requested model 'some/model' is not supported by any provider" } }],
    [400, { error: { message: 'Bad request', code: 'model_not_found' } }],
    [405, {}],
    [308, {}],
  ])('refuses for good after %i %j and names model and url', async (code, body) => {
    const error = await status(code, body);
    expect(error).toBeInstanceOf(TeacherRefusedError);
    expect((error as TeacherRefusedError).mend).toContain('teacher.model (some/model) and teacher.url');
  });

  it.each([
    ['2', 2000],
    ['0', 0],
    ['0.5', 500],
    ['soon', null],
  ])('is busy after 429 with Retry-After %s', async (header, retryAfterMs) => {
    const error = await status(429, { error: 'slow down' }, { 'retry-after': header });
    expect(error).toBeInstanceOf(TeacherBusyError);
    expect(error).toMatchObject({ retryAfterMs });
  });

  it('is busy after 429 without Retry-After, and after 503 with a date', async () => {
    expect(await status(429)).toMatchObject({ name: 'TeacherBusyError', retryAfterMs: null });
    const inTenSeconds = new Date(Date.now() + 10_000).toUTCString();
    const error = (await status(503, {}, { 'retry-after': inTenSeconds })) as TeacherBusyError;
    expect(error).toBeInstanceOf(TeacherBusyError);
    expect(error.retryAfterMs).toBeGreaterThan(7000);
    expect(error.retryAfterMs).toBeLessThanOrEqual(10_000);
  });

  it('refuses for good after a 429 that says the quota is used up', async () => {
    const body = { error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } };
    expect(await status(429, body)).toBeInstanceOf(TeacherRefusedError);
  });

  it.each([500, 502, 503, 504, 408])('fails after %i, which was answered, so not billed', async (code) => {
    const before = server.received.length;
    expect(await status(code, 'oops')).toMatchObject({ name: 'TeacherFailedError', answered: true });
    expect(server.received.length - before).toBe(1);
  });

  it.each([
    [400, { error: { message: "This model's maximum context length is 4096 tokens" } }],
    [413, 'too large'],
    [422, { error: 'Input validation error: `inputs` must have less than 4096 tokens', error_type: 'validation' }],
    [400, { error: { message: 'The response was filtered', code: 'content_filter' } }],
  ])('refuses this question alone after %i %j', async (code, body) => {
    expect(await status(code, body)).toBeInstanceOf(QuestionRefusedError);
  });

  it('fails as perhaps billed when no reply comes in time', async () => {
    const error = await failure(() => undefined, 150);
    expect(error).toMatchObject({ name: 'TeacherFailedError', answered: false });
    expect((error as Error).message).toContain('within 0.15 s');
  });

  it('fails as perhaps billed when a reply does not end in time', async () => {
    const error = await failure((response) => response.write('{"choices": ['), 150);
    expect(error).toMatchObject({ name: 'TeacherFailedError', answered: false });
  });

  it('fails as perhaps billed when the connection is dropped', async () => {
    expect(await failure((response) => response.destroy())).toMatchObject({
      name: 'TeacherFailedError',
      answered: false,
    });
  });

  it('fails as perhaps billed when the reply breaks off', async () => {
    const whole = JSON.stringify(completion('x'));
    const error = await failure((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length });
      response.write(whole.slice(0, 30), () => response.destroy());
    });
    expect(error).toMatchObject({ name: 'TeacherFailedError', answered: false });
  });

  it('fails as perhaps billed when the JSON of a reply breaks off', async () => {
    const error = await failure((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"choices": [{"message": {"content": "');
    });
    expect(error).toMatchObject({ name: 'TeacherFailedError', answered: false });
  });

  it('fails as not billed after a 200 of a proxy', async () => {
    const error = await failure((response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html>Please log in</html>');
    });
    expect(error).toMatchObject({ name: 'TeacherFailedError', answered: true });
  });

  it.each([[{}], [{ choices: [] }], [[]], [{ error: { message: 'overloaded' } }], ['text'], [null]])(
    'fails as not billed after a 200 with %j',
    async (body) => {
      expect(await status(200, body)).toMatchObject({ name: 'TeacherFailedError', answered: true });
    },
  );

  it('takes the status of an error whose explanation breaks off', async () => {
    const error = await failure((response) => {
      response.writeHead(429, { 'content-length': 1000, 'retry-after': '3' });
      response.write('half', () => response.destroy());
    });
    expect(error).toMatchObject({ name: 'TeacherBusyError', retryAfterMs: 3000 });
  });

  it('shows neither key nor text nor prompt, whatever the provider repeats', async () => {
    const echo = (response: ServerResponse, code: number) => {
      const { body, headers } = server.received.at(-1) ?? { body: '', headers: {} };
      const repeated = `${headers.authorization} hf_abcdefghijkl ${TEXT} ${body} ${JSON.stringify(body)}`;
      json(response, code, { error: { message: repeated } });
    };
    for (const code of [200, 400, 401, 404, 422, 429, 500]) {
      const error = (await failure((response) => echo(response, code))) as TeacherRefusedError;
      const shown = `${error.message} ${error.mend ?? ''} ${String(error.cause ?? '')}`;
      expect(shown).not.toMatch(/secret|merger|Brindle|hf_abc|You label texts/);
      expect(error.message.length).toBeLessThan(450);
    }
  });

  it('fails as not billed when nothing listens', async () => {
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    const settings = settingsOf({ provider, url: `http://127.0.0.1:${port}${path}`, model: 'some/model' });
    const alone = await createTeacher(settings, { env: {}, readRecording: noRecording });
    const error = await rejectionOf(alone.ask(question(TEXT), never()));
    expect(error).toBeInstanceOf(TeacherFailedError);
    expect(error).toMatchObject({ answered: true, message: expect.stringContaining('ECONNREFUSED') });
    await alone.close();
  });

  it('works again after all this', async () => {
    respond = (response) =>
      json(response, 200, {
        ...completion('positive'),
        generated_text: 'positive',
        details: { finish_reason: 'eos_token' },
      });
    expect(await teacher.ask(question(TEXT), never())).toMatchObject({ content: 'positive', finishReason: 'stop' });
  });
});

async function* noRecording(): AsyncIterable<string> {}
