import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Label } from '../../src/contracts/index.js';
import { createTeacher } from '../../src/teachers/index.js';
import { labelProbability, readVote } from '../../src/teachers/label-probability.js';
import { never, question, settingsOf } from './sentiment-task.js';

type Tokens = [string, number][];

const LABELS = ['positive', 'negative', 'very positive'].map((name) =>
  Label.parse({ name, aliases: [name.slice(0, 3)] }),
);
const [positive] = LABELS;

/** With probabilities instead of their logarithms. */
const tokensOf = (...tokens: [string, number][]): Tokens => tokens.map(([token, share]) => [token, Math.log(share)]);
const content = (tokens: Tokens) => tokens.map(([token]) => token).join('');

describe("The probability of a vote's label", () => {
  it('is the product over the tokens that spell the label, and no others', () => {
    const tokens = tokensOf(
      ['{"reason": "Sales', 0.1],
      [' grew', 0.2],
      ['", "label": "', 0.9],
      ['pos', 0.8],
      ['itive', 0.5],
      ['"}', 0.3],
    );
    expect(labelProbability(content(tokens), tokens, positive!)).toBeCloseTo(0.8 * 0.5, 12);
  });

  it('counts a token that the label shares with what stands around it', () => {
    const tokens = tokensOf(['{"label":', 0.9], [' "pos', 0.6], ['itive"}', 0.5]);
    expect(labelProbability(content(tokens), tokens, positive!)).toBeCloseTo(0.3, 12);
  });

  it('is of the label, not of a reason that names it before', () => {
    const tokens = tokensOf(['{"reason": "positive', 0.1], [' news", "label": "', 0.5], ['positive', 0.75], ['"}', 1]);
    expect(labelProbability(content(tokens), tokens, positive!)).toBeCloseTo(0.75, 12);
  });

  it('is found in a reply that is the label alone, in whatever case, or an alias', () => {
    const tokens = tokensOf([' Pos', 0.5], ['ITIVE', 0.5], ['.', 0.1]);
    expect(labelProbability('PosITIVE.', tokens, positive!)).toBeCloseTo(0.25, 12);
    expect(labelProbability('pos', tokensOf(['pos', 0.4]), positive!)).toBeCloseTo(0.4, 12);
  });

  it('passes over what was thought and is not in the content', () => {
    const tokens = tokensOf(['<think>positive?</think>', 0.01], ['positive', 0.9]);
    expect(labelProbability('positive', tokens, positive!)).toBeCloseTo(0.9, 12);
  });

  it('is not known where the tokens do not spell the content', () => {
    expect(labelProbability('positive', tokensOf(['negative', 0.9]), positive!)).toBeNull();
    const vote = { label: 'positive', reason: null, unreadable: null };
    expect(readVote({ content: 'positive', finishReason: 'stop' }, LABELS, 'direct')).toEqual(vote);
    const tokens = tokensOf(['positive', 0.5]);
    expect(readVote({ content: 'positive', finishReason: 'stop', tokens }, LABELS, 'direct').probability).toBeCloseTo(
      0.5,
      12,
    );
    expect(readVote({ content: 'none', finishReason: 'stop', tokens }, LABELS, 'direct')).not.toHaveProperty(
      'probability',
    );
  });
});

describe('A teacher that is asked for log-probabilities', () => {
  let server: Server;
  let url: string;
  const bodies: Record<string, unknown>[] = [];
  let logprobs: unknown;

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      let body = '';
      for await (const piece of request) body += piece;
      bodies.push(JSON.parse(body));
      const choices = [{ message: { content: 'positive' }, finish_reason: 'stop', logprobs }];
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ choices, usage: null }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  async function ask(wanted: boolean) {
    const settings = settingsOf({ url, model: 'm', logprobs: wanted });
    const teacher = await createTeacher(settings, { env: {}, readRecording: async function* () {} });
    try {
      return await teacher.ask(question('x', { prompt: 'direct' }), never());
    } finally {
      await teacher.close();
    }
  }

  it('asks the endpoint for them only then, and keeps each token with its logarithm', async () => {
    logprobs = {
      content: [
        { token: 'pos', logprob: -0.1, bytes: [1], top_logprobs: [] },
        { token: 'itive', logprob: -0.2 },
      ],
    };
    expect((await ask(true)).tokens).toEqual([
      ['pos', -0.1],
      ['itive', -0.2],
    ]);
    expect(bodies.at(-1)).toMatchObject({ logprobs: true });
    await ask(false);
    expect(bodies.at(-1)).not.toHaveProperty('logprobs');
  });

  it.each([[null], [undefined], [{ content: null }], [{ content: 'none' }], [[1, 2]]])(
    'goes without them where the answer has %j',
    async (given) => {
      logprobs = given;
      expect(await ask(true)).not.toHaveProperty('tokens');
    },
  );
});
