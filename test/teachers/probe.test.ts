import type { ServerResponse } from 'node:http';
import { type PlannedVotes, Task } from '../../src/contracts/index.js';
import {
  createTeacher,
  probeTeacher,
  readAskedText,
  TeacherBusyError,
  TeacherFailedError,
  TeacherRefusedError,
} from '../../src/teachers/index.js';
import { never, recordingFile, rejectionOf, sentiment, settingsOf } from './sentiment-task.js';
import { completion, json, type StandInServer, standIn } from './stand-in-server.js';

const noRecording = async function* (): AsyncIterable<string> {};

describe('probeTeacher', () => {
  let server: StandInServer;
  let respond: (response: ServerResponse, body: Record<string, unknown>) => void = () => undefined;

  beforeAll(async () => {
    server = await standIn((response, { body }) => respond(response, JSON.parse(body)));
  });

  beforeEach(() => {
    server.received.length = 0;
    respond = (response) => json(response, 200, { ...completion('{"label": "positive"}'), generated_text: 'positive' });
  });

  afterAll(() => server.close());

  const probe = async (changes: Parameters<typeof settingsOf>[0] = {}, plan?: Array<Partial<PlannedVotes>>) => {
    const settings = settingsOf({ url: `${server.url}/v1`, model: 'a/b', ...changes });
    const task = Task.parse({ ...sentiment, teacher: settings, votes: { plan: plan ?? sentiment.votes.plan } });
    const teacher = await createTeacher(settings, { env: {}, readRecording: noRecording });
    try {
      return await probeTeacher(teacher, task, 'Profit rose.', never());
    } finally {
      await teacher.close();
    }
  };
  const bodies = () => server.received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

  it('asks the first question of the plan once, with the schema', async () => {
    const found = await probe();
    expect(found.usage).toEqual({ calls: 1, inputTokens: 120, outputTokens: 30 });
    expect(found.probe).toMatchObject({ skipped: false, model: 'a/b', jsonSchema: true, inputTokens: 120 });
    expect(found.probe.latencyMs).toBeGreaterThan(0);
    expect(bodies()).toHaveLength(1);
    expect(bodies()[0]).toMatchObject({ max_tokens: 500, temperature: 0.7, seed: 42, response_format: {} });
  });

  it('goes on without the schema where it is refused', async () => {
    respond = (response, { response_format }) =>
      response_format === undefined
        ? json(response, 200, completion('x'))
        : json(response, 400, { error: { message: 'response_format json_schema is not supported by this model' } });
    const found = await probe();
    expect(found.probe.jsonSchema).toBe(false);
    expect(found.usage.calls).toBe(2);
  });

  it('sends no schema where the task or the protocol has none', async () => {
    expect((await probe({ jsonSchema: 'off' })).probe.jsonSchema).toBe(false);
    expect((await probe({}, [{ prompt: 'direct' }])).probe.jsonSchema).toBe(false);
    expect((await probe({ provider: 'text-generation', url: server.url })).probe.jsonSchema).toBe(false);
    for (const body of bodies()) expect(body.response_format).toBeUndefined();
  });

  it('tries the reasoned prompt where the plan has one, since that is the one with a schema', async () => {
    expect((await probe({}, [{ prompt: 'direct' }, { prompt: 'reasoned', maxTokens: 77 }])).probe.jsonSchema).toBe(
      true,
    );
    expect(bodies()[0]).toMatchObject({ max_tokens: 77 });
    const { messages } = bodies()[0] as { messages: Array<{ content: string }> };
    expect(readAskedText(messages[0]?.content ?? '')).toEqual({ text: 'Profit rose.', style: 'reasoned' });
  });

  it('refuses the run when the question is refused in both forms, and names the fields that it may be', async () => {
    respond = (response) => json(response, 400, { error: { message: 'unknown field seed' } });
    const error = await rejectionOf(probe());
    expect(error).toBeInstanceOf(TeacherRefusedError);
    expect((error as TeacherRefusedError).message).toContain('unknown field seed');
    expect((error as TeacherRefusedError).mend).toContain('teacher.sendSeed');
    expect(server.received).toHaveLength(2);
  });

  it('passes a refused key on after one call', async () => {
    respond = (response) => json(response, 401, { error: 'bad key' });
    expect(await rejectionOf(probe())).toMatchObject({ name: 'TeacherRefusedError', status: 401 });
    expect(server.received).toHaveLength(1);
  });

  it('lets errors that pass be retried', async () => {
    respond = (response) => json(response, 429, {});
    expect(await rejectionOf(probe())).toBeInstanceOf(TeacherBusyError);
    respond = (response) => json(response, 500, {});
    expect(await rejectionOf(probe())).toBeInstanceOf(TeacherFailedError);
  });

  it('refuses the run within a second when nothing listens', async () => {
    const startedAt = performance.now();
    const error = await rejectionOf(probe({ url: 'http://127.0.0.1:9/v1' }));
    expect(error).toBeInstanceOf(TeacherRefusedError);
    expect((error as TeacherRefusedError).message).toContain('nothing answers at 127.0.0.1:9');
    expect((error as TeacherRefusedError).mend).toContain('correct teacher.url');
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it('refuses the run when the host does not exist', async () => {
    expect(await rejectionOf(probe({ url: 'http://no-such-host.invalid/v1' }))).toBeInstanceOf(TeacherRefusedError);
  });

  it('does not ask a recording', async () => {
    const replies = await recordingFile([]);
    const settings = settingsOf({ provider: 'recorded', replies, model: 'a/b' });
    const teacher = await createTeacher(settings, { env: {}, readRecording: noRecording });
    expect(await probeTeacher(teacher, sentiment, 'x', never())).toEqual({
      probe: { skipped: true, model: 'a/b', jsonSchema: false, latencyMs: null, inputTokens: null },
      usage: { calls: 0, inputTokens: 0, outputTokens: 0 },
    });
  });
});
