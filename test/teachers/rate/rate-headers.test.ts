import { readRateLimits } from '../../../src/teachers/rate-headers.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');

function read(headers: Record<string, string>) {
  return readRateLimits((name) => headers[name] ?? null, NOW);
}

describe('Headers about rate limits', () => {
  it('are read as OpenAI and Groq write them', () => {
    expect(
      read({
        'x-ratelimit-limit-requests': '14400',
        'x-ratelimit-remaining-requests': '14370',
        'x-ratelimit-reset-requests': '2m59.56s',
        'x-ratelimit-limit-tokens': '18000',
        'x-ratelimit-remaining-tokens': '17997',
        'x-ratelimit-reset-tokens': '7ms',
      }),
    ).toEqual({
      requests: { refill: 'steady', limit: 14_400, remaining: 14_370, resetMs: 179_560, exactToMs: 1 },
      tokens: { refill: 'steady', limit: 18_000, remaining: 17_997, resetMs: 7, exactToMs: 1 },
    });
    const reset = (value: string) =>
      read({ 'x-ratelimit-remaining-requests': '1', 'x-ratelimit-reset-requests': value })?.requests;
    expect(reset('6m0s')).toMatchObject({ limit: null, resetMs: 360_000, exactToMs: 1000 });
    expect(reset('1h2m')).toMatchObject({ resetMs: 3_720_000 });
    expect(reset('soon')).toBeUndefined();
  });

  it('are read as Anthropic writes them, with times of the day', () => {
    expect(
      read({
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '20',
        'anthropic-ratelimit-requests-reset': '2026-01-01T00:00:36Z',
      }),
    ).toEqual({
      requests: { refill: 'steady', limit: 50, remaining: 20, resetMs: 36_000, exactToMs: 1000 },
      tokens: null,
    });
  });

  it("are read as the IETF's draft has them; of several policies the one with the least left counts", () => {
    expect(
      read({
        ratelimit: '"hour";r=900;t=1800, "minute";r=5;t=30',
        'ratelimit-policy': '"hour";q=1000;w=3600, "minute";q=60;w=60',
      })?.requests,
    ).toEqual({ refill: 'window', limit: 60, remaining: 5, resetMs: 30_000, exactToMs: 1000 });
  });

  it.each([
    ['seconds', '30', 30_000],
    ['seconds since the epoch', String(NOW / 1000 + 45), 45_000],
    ['milliseconds since the epoch', String(NOW + 1500), 1500],
  ])('are read in the older forms, with a reset in %s', (_, reset, resetMs) => {
    const told = read({ 'x-ratelimit-limit': '100', 'x-ratelimit-remaining': '40', 'x-ratelimit-reset': reset });
    expect(told?.requests).toMatchObject({ refill: 'window', limit: 100, remaining: 40, resetMs });
  });

  it('are none where nothing is told, or only half of it', () => {
    expect(read({})).toBeNull();
    expect(read({ 'x-ratelimit-remaining-requests': '5' })).toBeNull();
    expect(read({ ratelimit: 'r=many' })).toBeNull();
  });
});
