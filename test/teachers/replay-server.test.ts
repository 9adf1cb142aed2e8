import { createTeacher, type ReplayStats, startReplayServer, type Teacher } from '../../src/teachers/index.js';
import { never, question, recordingFile, rejectionOf, settingsOf } from './sentiment-task.js';

const TEXTS = Array.from({ length: 200 }, (_, index) => `Text number ${index}.`);
const recorded = () =>
  recordingFile(TEXTS.flatMap((text) => [0, 1, 2].map((sample) => ({ text, sample, content: `${text} ${sample}` }))));

describe('the replay server', () => {
  let replies: string;
  const open: Array<{ close(): Promise<void> }> = [];

  beforeAll(async () => {
    replies = await recorded();
  });

  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
  });

  async function start(options: Partial<Parameters<typeof startReplayServer>[0]> = {}) {
    const server = await startReplayServer({ replies, ...options });
    const teacher = await createTeacher(settingsOf({ url: server.url, concurrency: 64 }), {
      env: {},
      readRecording: async function* () {},
    });
    open.push(server, teacher);
    return { server, teacher };
  }

  /** What comes of asking all texts once: the reply, or the name of the error. */
  const askAll = (teacher: Teacher) =>
    Promise.all(
      TEXTS.map((text) =>
        teacher.ask(question(text), never()).then(
          (reply) => reply.content,
          (error: Error) => error.name,
        ),
      ),
    );

  it('finds text, style and sample in the request, and estimates a token from four characters', async () => {
    const { teacher } = await start();
    const asked = question('Text number 7.', { sample: 2 });
    const reply = await teacher.ask(asked, never());
    expect(reply.content).toBe('Text number 7. 2');
    expect(reply.outputTokens).toBe(4);
    expect(reply.inputTokens).toBe(Math.ceil((asked.messages[0]?.content.length ?? 0) / 4));
  });

  it("takes the sample from the task's seed", async () => {
    const { teacher } = await start({ teacherSeed: 1000 });
    const reply = await teacher.ask(question('Text number 7.', { sample: 1, seed: 1001 }), never());
    expect(reply.content).toBe('Text number 7. 1');
  });

  it('keeps count of what it was asked and what it answered', async () => {
    const { server, teacher } = await start();
    await teacher.ask(question('Text number 1.'), never());
    await teacher.ask(question('Text number 1.'), never());
    await teacher.ask(question('Text number 1.'), never());
    await teacher.ask(question('Text number 1.', { sample: 1, seed: 43 }), never());
    await rejectionOf(teacher.ask(question('Not recorded.'), never()));
    const stats = server.stats();
    expect(stats).toMatchObject({ requests: 5, answered200: 4, unknown: 1, questions: 3, paidTwice: 1, repeats: 2 });
    expect(stats).toMatchObject({ answered429: 0, answered500: 0, dropped: 0, inFlight: 0, maxInFlight: 1 });
    expect(stats.lastAt).toBeGreaterThanOrEqual(stats.firstAt ?? Number.POSITIVE_INFINITY);
    const overHttp = (await (await fetch(server.url.replace('/v1', '/stats'))).json()) as ReplayStats;
    expect(overHttp).toEqual(stats);
  });

  it('meets the same faults for the same seed, others for another, and counts each', async () => {
    const shares = { share429: 0.2, share500: 0.1, shareDropped: 0.1 };
    const first = await start({ ...shares, seed: 1 });
    const second = await start({ ...shares, seed: 1 });
    const third = await start({ ...shares, seed: 2 });
    const outcomes = await askAll(first.teacher);
    expect(await askAll(second.teacher)).toEqual(outcomes);
    expect(await askAll(third.teacher)).not.toEqual(outcomes);
    const stats = first.server.stats();
    const busy = outcomes.filter((each) => each === 'TeacherBusyError').length;
    const failed = outcomes.filter((each) => each === 'TeacherFailedError').length;
    expect(stats.answered429).toBe(busy);
    expect(stats.answered500 + stats.dropped).toBe(failed);
    expect(stats.answered200).toBe(200 - busy - failed);
    // 200 draws: 40 expected 429, 40 expected failures; five standard deviations are 28.
    for (const count of [busy, failed]) expect(Math.abs(count - 40)).toBeLessThan(28);
    expect(stats.dropped).toBeGreaterThan(0);
    expect(stats.answered500).toBeGreaterThan(0);
  });

  it('gives another try another chance', async () => {
    const { teacher } = await start({ share500: 0.5 });
    const left = async (texts: string[]) => {
      const tried = await Promise.all(
        texts.map((text) => teacher.ask(question(text), never()).then(() => null, () => text)), // biome-ignore format: one line
      );
      return tried.filter((text) => text !== null);
    };
    let texts = TEXTS;
    for (let round = 0; round < 20 && texts.length > 0; round++) texts = await left(texts);
    expect(texts).toEqual([]);
  });

  it('answers 429 with Retry-After', async () => {
    const { teacher } = await start({ share429: 1, retryAfterSeconds: 7 });
    expect(await rejectionOf(teacher.ask(question('Text number 1.'), never()))).toMatchObject({ retryAfterMs: 7000 });
  });

  it('takes its time: the latency, give or take the jitter', async () => {
    const { server, teacher } = await start({ latencyMs: 800, jitter: 0.5 });
    const replies = await Promise.all(TEXTS.slice(0, 20).map((text) => teacher.ask(question(text), never())));
    for (const { latencyMs } of replies) expect(latencyMs).toBeGreaterThan(395);
    expect(server.stats().maxInFlight).toBe(20);
    const times = replies.map(({ latencyMs }) => latencyMs);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(20);
  });

  it('counts a reply as paid although its client has gone, and lives on', async () => {
    const { server, teacher } = await start({ latencyMs: 100 });
    const controller = new AbortController();
    const asking = rejectionOf(teacher.ask(question('Text number 1.'), controller.signal));
    while (server.stats().inFlight === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort(new Error('gone'));
    await asking;
    while (server.stats().inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(server.stats()).toMatchObject({ answered200: 1, inFlight: 0 });
    expect((await teacher.ask(question('Text number 2.'), never())).content).toBe('Text number 2. 0');
  });

  it('answers what it does not understand without falling over', async () => {
    const { server } = await start();
    const post = (path: string, body: string) => fetch(server.url.replace('/v1', path), { method: 'POST', body });
    for (const body of ['', '{', '[]', '{"messages": []}', '{"messages": [{"content": "Say hello."}]}']) {
      expect((await post('/v1/chat/completions', body)).status).toBe(400);
    }
    expect((await post('/generate', '{"inputs": 1}')).status).toBe(400);
    expect((await post('/elsewhere', '')).status).toBe(404);
    expect(server.stats()).toMatchObject({ requests: 6, unknown: 6, questions: 0 });
  });

  it('refuses a file that is missing or no recording, and options out of range', async () => {
    await expect(startReplayServer({ replies: '/nowhere.jsonl' })).rejects.toThrow('ENOENT');
    await expect(startReplayServer({ replies: await recordingFile([{ a: 1 }]) })).rejects.toThrow('line 1');
    await expect(startReplayServer({ replies, share429: 2 })).rejects.toThrow('share429');
  });
});
