import type { ServerResponse } from 'node:http';
import type { FinishReason, TeacherReply, Unreadable } from '../../src/contracts/index.js';
import { chunkReplies, createTeacher, readReply, type Teacher, textKeyOf } from '../../src/teachers/index.js';
import { type Draw, damaged, hostileJson, hostileText, oneOf } from '../support/hostile-text.js';
import { seeded } from '../support/seeded.js';
import { ChunkFixture, newTask } from './engine/chunk-fixture.js';
import { FakeTeacher } from './engine/fake-teacher.js';
import { never, question, settingsOf } from './sentiment-task.js';
import { completion, type StandInServer, standIn } from './stand-in-server.js';

const seed = Number(process.env.TUTELAGE_SEED ?? Math.floor(Math.random() * 1e6));
console.log(`seed ${seed} (repeat with TUTELAGE_SEED=${seed})`);

const TEXTS = 3334;
const SAMPLES = 3;
const LABELS = ['positive', 'negative', 'neutral'];
const WHY: readonly Unreadable[] = ['empty', 'truncated', 'filtered', 'no-label', 'several-labels'];
const PORT_ERRORS = ['TeacherRefusedError', 'TeacherBusyError', 'TeacherFailedError', 'QuestionRefusedError'];

describe('10,000 generated replies', () => {
  it('are each read or counted as unreadable with a reason, and kept as they came', async () => {
    const draw = seeded(seed);
    const said = new Map<string, TeacherReply>();
    const teacher = new FakeTeacher(async ({ sample, text }) => {
      const reply = hostileReply(draw);
      said.set(`${text} ${sample}`, reply);
      return reply;
    });
    const fixture = await ChunkFixture.make(TEXTS);
    try {
      const task = newTask({
        votes: { plan: [{ prompt: 'reasoned', samples: SAMPLES }] },
        teacher: { concurrency: 64 },
      });
      const { counts } = await fixture.annotate(teacher, task);
      const replies = [...(await chunkReplies(fixture.store, fixture.folder)).values()];
      const unreadable = replies.filter(({ vote }) => vote.unreadable !== null);
      console.log(`${unreadable.length} of ${replies.length} replies are unreadable`);

      expect(counts).toMatchObject({ texts: TEXTS, calls: TEXTS * SAMPLES, replies: TEXTS * SAMPLES, uncertain: 0 });
      expect(counts.unreadable).toBe(unreadable.length);
      expect(replies).toHaveLength(TEXTS * SAMPLES);
      const textOf = new Map(fixture.texts.map((text) => [textKeyOf(text), text]));
      for (const { content, finishReason, sample, textKey, vote } of replies) {
        expect(content).toBe(said.get(`${textOf.get(textKey)} ${sample}`)?.content);
        expect(vote).toEqual(readReply({ content, finishReason }, task.labels, 'reasoned'));
        if (vote.unreadable === null) expect(LABELS).toContain(vote.label);
        else expect([vote.label, WHY.includes(vote.unreadable)]).toEqual([null, true]);
      }
    } finally {
      fixture.dispose();
    }
  });

  it('whose JSON is whole are read right, whatever stands around the label', () => {
    const draw = seeded(seed + 1);
    const { labels } = newTask();
    for (let round = 0; round < 3000; round++) {
      const label = oneOf(draw, LABELS);
      const content = JSON.stringify({ reason: hostileText(draw), label });
      expect(readReply({ content, finishReason: 'stop' }, labels, 'reasoned').label).toBe(label);
    }
  });
});

describe('10,000 generated HTTP answers', () => {
  let server: StandInServer;
  let teacher: Teacher;
  const draw = seeded(seed + 2);

  beforeAll(async () => {
    server = await standIn((response) => hostileAnswer(draw, response));
    const settings = settingsOf({ url: `${server.url}/v1`, model: 'some/model', concurrency: 32 });
    teacher = await createTeacher(settings, { env: {}, readRecording: async function* () {} });
  });

  afterAll(async () => {
    await teacher.close();
    await server.close();
  });

  it('each come back as a reply or as an error of the port', async () => {
    let asked = 0;
    const outcomes = new Map<string, number>();
    const ask = async () => {
      while (asked++ < 10_000) {
        const outcome = await teacher.ask(question('The merger is off.', { timeoutMs: 20_000 }), never()).then(
          ({ content, inputTokens }) =>
            typeof content === 'string' && inputTokens !== undefined ? 'reply' : 'nonsense',
          (error: Error) => error.name,
        );
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 32 }, ask));
    console.log([...outcomes].map(([name, times]) => `${name}: ${times}`).join(', '));
    expect(['reply', ...PORT_ERRORS]).toEqual(expect.arrayContaining([...outcomes.keys()]));
    expect(outcomes.get('reply')).toBeGreaterThan(1000);
  });
});

/** Two in three can be read: a run stops where over half of the first ones can't. */
function hostileReply(draw: Draw): TeacherReply {
  const finishReason = draw() < 0.8 ? 'stop' : oneOf<FinishReason>(draw, ['length', 'filtered', 'unknown']);
  const tokens = () => (draw() < 0.1 ? null : Math.floor(draw() * 500));
  return {
    content: hostileContent(draw),
    finishReason,
    inputTokens: tokens(),
    outputTokens: tokens(),
    latencyMs: draw(),
  };
}

function hostileContent(draw: Draw): string {
  const json = JSON.stringify({ reason: hostileText(draw), label: oneOf(draw, LABELS) });
  const how = draw();
  if (how < 0.8)
    return draw() < 0.5 ? json : `${hostileText(draw, 2)}\n\`\`\`json\n${json}\n\`\`\`${hostileText(draw, 2)}`;
  if (how < 0.85) return damaged(draw, Buffer.from(json)).toString('utf8');
  if (how < 0.9) return hostileText(draw, 40);
  if (how < 0.95) return JSON.stringify(hostileJson(draw));
  if (how < 0.998) return JSON.stringify({ reason: hostileJson(draw), label: hostileJson(draw) });
  const giant = 1 + Math.floor(draw() * 50_000);
  return oneOf(draw, ['{"label":', '[', '{', '<think>', '"', '\\', 'positive ', '\u0000']).repeat(giant);
}

function hostileAnswer(draw: Draw, response: ServerResponse): void {
  const status = draw() < 0.7 ? 200 : oneOf(draw, [201, 204, 301, 400, 401, 404, 418, 422, 429, 500, 503, 529]);
  const headers = oneOf<Record<string, string>>(draw, [
    {},
    { 'retry-after': oneOf(draw, ['', '-1', 'soon', '1e9', 'Wed, 21 Oct 2026 07:28:00 GMT', '0']) },
    { 'x-ratelimit-remaining-requests': oneOf(draw, ['NaN', '-5', '1e400', '0']), 'x-ratelimit-reset-requests': '1s' },
    { 'content-type': oneOf(draw, ['text/html', 'application/json; charset=utf-16', '']) },
  ]);
  const body = hostileBody(draw);
  // Less than is promised: the connection ends in the middle.
  const cut = draw() < 0.05 && body.length > 1;
  response.writeHead(status, { ...headers, 'content-length': status === 204 ? 0 : body.length });
  if (cut) response.write(body.subarray(0, body.length >> 1), () => response.destroy());
  else response.end(status === 204 ? undefined : body);
}

function hostileBody(draw: Draw): Buffer {
  const whole = { ...completion(hostileContent(draw)), extra: hostileJson(draw, 2) };
  const how = draw();
  if (how < 0.5) return Buffer.from(JSON.stringify(whole));
  if (how < 0.6) return damaged(draw, Buffer.from(JSON.stringify(whole)));
  if (how < 0.7) return Buffer.from(JSON.stringify({ ...whole, choices: hostileJson(draw), usage: hostileJson(draw) }));
  if (how < 0.8) return Buffer.from(JSON.stringify({ error: hostileJson(draw) }));
  if (how < 0.9) return Buffer.from(JSON.stringify(hostileJson(draw)));
  if (how < 0.99) return Buffer.from(hostileText(draw, 30));
  const depth = 1 + Math.floor(draw() * 50_000);
  return Buffer.from(`${'{"choices":['.repeat(depth)}${']}'.repeat(depth)}`);
}
