import { createHash } from 'node:crypto';
import { replyKey } from '../../src/teachers/index.js';

const identity = {
  messages: [{ role: 'user', content: 'Which label?' }] as const,
  model: 'a/b',
  temperature: 0.7,
  topP: null,
  maxTokens: 500,
  seed: 42,
  sample: 0,
  extraBody: {},
};

describe('replyKey', () => {
  it('is the SHA-256 of one fixed JSON, so that it stays the same from version to version', () => {
    const json =
      '{"maxTokens":500,"messages":[["user","Which label?"]],"model":"a/b","sample":0,"seed":42,"temperature":0.7,"topP":null}';
    expect(replyKey(identity)).toBe(createHash('sha256').update(json).digest('hex'));
  });

  it('does not depend on the order in which fields were set', () => {
    expect(replyKey(Object.fromEntries(Object.entries(identity).reverse()) as unknown as typeof identity)).toBe(
      replyKey(identity),
    );
  });

  it.each([
    { model: 'a/c' },
    { model: null },
    { temperature: 0.8 },
    { temperature: null },
    { topP: 1 },
    { maxTokens: 501 },
    { seed: 43 },
    { seed: null },
    { sample: 1 },
    { extraBody: { reasoning_effort: 'high' } },
    { messages: [{ role: 'user', content: 'Which label? ' }] as const },
    { messages: [{ role: 'system', content: 'Which label?' }] as const },
  ])('changes with %j', (change) => {
    expect(replyKey({ ...identity, ...change })).not.toBe(replyKey(identity));
  });
});
