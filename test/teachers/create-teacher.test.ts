import { createReadStream } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { TeacherSettings } from '../../src/contracts/index.js';
import { createTeacher, TeacherRefusedError } from '../../src/teachers/index.js';
import { never, question, recordingFile, rejectionOf, settingsOf } from './sentiment-task.js';
import { completion, json, type StandInServer, standIn } from './stand-in-server.js';

const HUB_TOKEN = 'hf_0123456789abcdef';
const ENV = { HF_TOKEN: HUB_TOKEN, ALIAS: HUB_TOKEN, OTHER_KEY: 'sk-other', EMPTY: ' ', TENANT: 'acme' };

const open = (changes: Partial<TeacherSettings>, env: Record<string, string> = ENV) =>
  createTeacher(settingsOf(changes), {
    env,
    readRecording: (path) => createInterface({ input: createReadStream(path) }),
  });

async function refusalOf(changes: Partial<TeacherSettings>, env?: Record<string, string>): Promise<string> {
  const error = await rejectionOf(open(changes, env));
  expect(error).toBeInstanceOf(TeacherRefusedError);
  const { mend, message } = error as TeacherRefusedError;
  expect(`${message} ${mend}`).not.toMatch(/hf_0123|sk-other/);
  return `${message} ${mend}`;
}

describe('createTeacher', () => {
  let server: StandInServer;
  let models: unknown = { data: [{ id: 'the/only-one' }] };

  beforeAll(async () => {
    server = await standIn((response, { path }) =>
      path.endsWith('/models')
        ? json(response, 200, models)
        : json(response, 200, { ...completion('positive'), generated_text: 'positive' }),
    );
  });

  beforeEach(() => {
    server.received.length = 0;
    models = { data: [{ id: 'the/only-one' }] };
  });

  afterAll(() => server.close());

  it('opens the router with the token of the Hub, without a call', async () => {
    const teacher = await open({ model: 'a/b:groq' });
    expect(teacher).toMatchObject({ provider: 'huggingface', host: 'router.huggingface.co', model: 'a/b:groq' });
    await teacher.close();
  });

  it('needs a token, a token of the Hub, and a model for the router', async () => {
    expect(await refusalOf({ model: 'a/b' }, {})).toContain('HF_TOKEN is not set');
    expect(await refusalOf({ model: 'a/b', apiKeyEnv: 'EMPTY' })).toContain('EMPTY is not set');
    expect(await refusalOf({ model: 'a/b', apiKeyEnv: 'OTHER_KEY' })).toContain('OTHER_KEY holds no token');
    expect(await refusalOf({})).toContain('teacher.model is missing');
  });

  it.each([
    'https://api.example.org/v1',
    'https://huggingface.co.example.org/v1',
    'https://nothuggingface.co/v1',
    'http://router.huggingface.co/v1',
    'http://localhost:8000/v1',
  ])('never sends the token of the Hub to %s, under whatever name', async (url) => {
    for (const changes of [
      { apiKeyEnv: 'HF_TOKEN' },
      { apiKeyEnv: 'ALIAS' },
      { headers: { 'X-Key': '${HF_TOKEN}' } },
      { headers: { 'X-Key': 'Bearer ${ALIAS}' } },
    ]) {
      expect(await refusalOf({ url, model: 'a/b', ...changes })).toContain('is never sent to');
    }
  });

  it.each([
    'https://router.huggingface.co/v1',
    'https://abc.us-east-1.aws.endpoints.huggingface.cloud',
    'https://user-space.hf.space/v1',
  ])('may send it to %s', async (url) => {
    const teacher = await open({ url, model: 'a/b', apiKeyEnv: 'HF_TOKEN' });
    expect(teacher.host).toBe(new URL(url).host);
    await teacher.close();
  });

  it.each([
    ['huggingface', '/v1', '/v1/chat/completions'],
    ['huggingface', '/', '/v1/chat/completions'],
    ['huggingface', '/v1/chat/completions', '/v1/chat/completions'],
    ['text-generation', '', '/generate'],
    ['text-generation', '/generate', '/generate'],
  ] as const)('sends a question of %s at %s to %s, with key and headers', async (provider, at, path) => {
    const headers = { 'X-Tenant': 'team ${TENANT}' };
    const teacher = await open({ provider, url: `${server.url}${at}`, model: 'a/b', apiKeyEnv: 'OTHER_KEY', headers });
    await teacher.ask(question('x'), never());
    expect(server.received).toHaveLength(1);
    expect(server.received[0]).toMatchObject({
      path,
      headers: { authorization: 'Bearer sk-other', 'x-tenant': 'team acme', 'content-type': 'application/json' },
    });
    await teacher.close();
  });

  it('sends no key to a url unless the task names one', async () => {
    for (const provider of ['huggingface', 'text-generation'] as const) {
      const teacher = await open({ provider, url: server.url, model: 'a/b' });
      await teacher.ask(question('x'), never());
      expect(server.received.at(-1)?.headers.authorization).toBeUndefined();
      await teacher.close();
    }
  });

  it('sends exactly the fields that the question and the task ask for', async () => {
    const url = `${server.url}/v1`;
    const sent = async (changes: Partial<TeacherSettings>, asked = question('x')) => {
      const teacher = await open({ url, model: 'a/b', ...changes });
      await teacher.ask(asked, never());
      await teacher.close();
      return JSON.parse(server.received.at(-1)?.body ?? '') as Record<string, unknown>;
    };
    const { messages } = question('x');
    expect(await sent({})).toEqual({ model: 'a/b', messages, max_tokens: 200, temperature: 0.7, seed: 42 });
    const schema = { type: 'object' };
    const other = question('x', { temperature: null, topP: 0.9, seed: null, jsonSchema: schema });
    const extraBody = { provider: { order: ['x'] }, reasoning_effort: 'low' };
    expect(await sent({ maxTokensField: 'max_completion_tokens', extraBody }, other)).toEqual({
      model: 'a/b',
      messages,
      max_completion_tokens: 200,
      top_p: 0.9,
      response_format: { type: 'json_schema', json_schema: { name: 'reply', strict: true, schema } },
      ...extraBody,
    });
    const generate = { provider: 'text-generation', url: server.url, extraBody: { adapter_id: 'x' } } as const;
    const inputs = `### User:\n${messages[0]?.content}\n\n### Assistant:\n`;
    expect(await sent(generate)).toEqual({
      inputs,
      parameters: {
        max_new_tokens: 200,
        details: true,
        return_full_text: false,
        do_sample: true,
        temperature: 0.7,
        seed: 42,
      },
      adapter_id: 'x',
    });
    expect(await sent(generate, question('x', { temperature: 0, topP: 0.5, seed: null }))).toMatchObject({
      parameters: { max_new_tokens: 200, details: true, return_full_text: false, do_sample: false, top_p: 0.5 },
    });
  });

  it.each(['n', 'stream', 'max_tokens', 'messages'])('does not let extraBody set %s', async (name) => {
    expect(await refusalOf({ url: server.url, model: 'a/b', extraBody: { [name]: 2 } })).toContain(name);
  });

  it('takes the one model that an endpoint serves', async () => {
    for (const at of ['', '/v1', '/v1/', '/v1/chat/completions']) {
      const teacher = await open({ url: `${server.url}${at}`, apiKeyEnv: 'OTHER_KEY' });
      expect(teacher.model).toBe('the/only-one');
      await teacher.close();
    }
    expect(server.received.map(({ path }) => path)).toEqual(Array(4).fill('/v1/models'));
    expect(server.received[0]?.headers.authorization).toBe('Bearer sk-other');
  });

  it('lists the models where there are several', async () => {
    models = { data: [{ id: 'a/one' }, { id: 'b/two' }] };
    expect(await refusalOf({ url: server.url })).toContain('serves 2 models: a/one, b/two');
    models = { data: [] };
    expect(await refusalOf({ url: server.url })).toContain('serves 0 models');
  });

  it('refuses an address where nothing listens, when it has to ask for the model', async () => {
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    expect(await refusalOf({ url: `http://127.0.0.1:${port}` })).toContain(`nothing answers at 127.0.0.1:${port}`);
  });

  it('refuses keys in the url and a url as model', async () => {
    expect(await refusalOf({ url: 'https://me:sk-other@example.org/v1', model: 'a/b' })).toContain('example.org');
    expect(await refusalOf({ url: 'https://example.org/v1?key=sk-other', model: 'a/b' })).toContain('apiKeyEnv');
    expect(await refusalOf({ model: 'https://example.org/v1' })).toContain('teacher.url');
    expect(await refusalOf({ provider: 'text-generation' })).toContain('teacher.url is missing');
  });

  it('says which line of a recording is wrong, without showing it', async () => {
    const provider = 'recorded';
    expect(await refusalOf({ provider })).toContain('teacher.replies is missing');
    expect(await refusalOf({ provider, replies: '/nowhere/replies.jsonl' })).toContain('no such file');
    const noContent = await recordingFile([{ text: 'private', content: 'x' }, { text: 'private' }]);
    const message = await refusalOf({ provider, replies: noContent });
    expect(message).toContain('line 2');
    expect(message).not.toContain('private');
    const twice = await recordingFile([
      { text: 'private', content: 'x' },
      { text: 'private', content: 'x' },
      { text: 'private', content: 'y' },
    ]);
    expect(await refusalOf({ provider, replies: twice })).toContain('line 3 has another reply');
  });

  it('names key, prompt and sample of a reply that a recording lacks', async () => {
    const replies = await recordingFile([{ text: 'x', content: 'positive' }]);
    const teacher = await open({ provider: 'recorded', replies });
    expect(await teacher.ask(question('x'), never())).toMatchObject({ content: 'positive', inputTokens: null });
    const asked = question('x', { sample: 1, prompt: 'direct' });
    const error = await rejectionOf(teacher.ask(asked, never()));
    expect(error).toBeInstanceOf(TeacherRefusedError);
    expect((error as Error).message).toContain(`text ${asked.textKey}, prompt direct, sample 1`);
  });
});
