import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hubSettings } from '../../src/hub/index.js';
import { type TeacherSurvey, tokenRate } from '../../src/planning/index.js';
import { type HubServer, startHubServer } from '../hub/hub-server.js';

/** Words between spaces, each a token. */
const TOKENIZER = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: null,
  decoder: null,
  model: { type: 'WordLevel', vocab: { '[UNK]': 0, a: 1, b: 2 }, unk_token: '[UNK]' },
};

const nothing = { count: 0, sum: 0, squares: 0 };
const known: TeacherSurvey['known'] = {
  replies: 0,
  inputTokens: 0,
  outputTokens: nothing,
  promptBytes: 0,
  latency: nothing,
};
const survey = (changes: Partial<TeacherSurvey>) => ({ known, prompts: ['a b a b'], ...changes });

let cache: string;
let server: HubServer;
beforeEach(async () => {
  cache = mkdtempSync(join(tmpdir(), 'hub-'));
  server = await startHubServer('someone/tiny', { 'tokenizer.json': Buffer.from(JSON.stringify(TOKENIZER)) });
});
afterEach(async () => {
  await server.close();
  rmSync(cache, { recursive: true });
});
const hub = (more: Record<string, string> = {}) =>
  hubSettings({ HF_ENDPOINT: server.endpoint, HF_HUB_CACHE: cache, ...more });

describe('tokenRate', () => {
  it("counts with the model's own tokenizer, whatever provider serves it", async () => {
    // Four tokens and eight of the chat template in seven bytes.
    const rate = await tokenRate(survey({}), 'someone/tiny:groq', hub());
    expect(rate).toEqual({ low: 12 / 7, high: 12 / 7, how: 'counted by the tokenizer of someone/tiny' });
  });

  it('prefers what the provider counted', async () => {
    const counted = { ...known, outputTokens: { count: 2, sum: 8, squares: 32 }, inputTokens: 30, promptBytes: 100 };
    expect(await tokenRate(survey({ known: counted }), 'someone/tiny', hub())).toMatchObject({ low: 0.3, high: 0.3 });
    expect(server.downloads).toHaveLength(0);
  });

  it('falls back on a rule, and says why', async () => {
    const offline = await tokenRate(survey({}), 'someone/tiny', hub({ HF_HUB_OFFLINE: '1' }));
    expect(offline).toMatchObject({ low: 0.2, high: 0.4, how: expect.stringContaining('HF_HUB_OFFLINE') });
    expect(await tokenRate(survey({}), null, hub())).toMatchObject({ low: 0.2, high: 0.4 });
    expect(await tokenRate(survey({}), 'local-model', hub())).toMatchObject({ low: 0.2, high: 0.4 });
  });
});
