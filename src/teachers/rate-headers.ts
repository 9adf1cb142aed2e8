/** What a provider's answer tells of its rate limits. Understood are the headers of OpenAI and those who copy it
 *  (x-ratelimit-limit-requests ...), Anthropic's (anthropic-ratelimit-requests-limit ...), the IETF's RateLimit field
 *  (draft-ietf-httpapi-ratelimit-headers) and its forerunners (RateLimit-Remaining, X-RateLimit-Remaining ...). */

/** One limit, as it stood when the provider answered. */
export interface ToldLimit {
  /** steady: what was used comes back bit by bit (OpenAI, Anthropic). window: all of it at the reset. */
  readonly refill: 'steady' | 'window';
  /** What the provider allows when nothing is used; null: not told. */
  readonly limit: number | null;
  readonly remaining: number;
  /** Milliseconds until nothing counts as used. */
  readonly resetMs: number;
  /** How exactly resetMs is told, milliseconds. */
  readonly exactToMs: number;
}

/** null: nothing is told of it. */
export interface ToldLimits {
  readonly requests: ToldLimit | null;
  readonly tokens: ToldLimit | null;
}

type Header = (name: string) => string | null;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SECOND_MS = 1000;
/** Larger numbers of seconds are times: seconds or milliseconds since the epoch. */
const EPOCH_SECONDS_FROM = 1e9;
const EPOCH_MS_FROM = 1e12;

/** null: the answer tells of no limit. now: milliseconds since the epoch. */
export function readRateLimits(header: Header, now: number): ToldLimits | null {
  const requests = steadyLimit(header, 'requests', now) ?? ietfLimit(header) ?? windowLimit(header, now);
  const tokens = steadyLimit(header, 'tokens', now);
  return requests === null && tokens === null ? null : { requests, tokens };
}

function steadyLimit(header: Header, unit: 'requests' | 'tokens', now: number): ToldLimit | null {
  const openAi = (what: string) => header(`x-ratelimit-${what}-${unit}`);
  const anthropic = (what: string) => header(`anthropic-ratelimit-${unit}-${what}`);
  const remaining = numberOf(openAi('remaining') ?? anthropic('remaining'));
  const reset = readReset(openAi('reset') ?? anthropic('reset'), now);
  if (remaining === null || reset === null) return null;
  return { refill: 'steady', limit: numberOf(openAi('limit') ?? anthropic('limit')), remaining, ...reset };
}

/** RateLimit: "default";r=50;t=30 (of several policies, the one with the least left), and RateLimit-Policy: "default";q=100;w=60 */
function ietfLimit(header: Header): ToldLimit | null {
  const told = header('ratelimit');
  if (told === null) return null;
  const items = told.split(',').flatMap((item) => {
    const remaining = numberOf(parameter(item, 'r'));
    const seconds = numberOf(parameter(item, 't'));
    return remaining === null || seconds === null ? [] : [{ name: item.split(';')[0]?.trim(), remaining, seconds }];
  });
  const least = items.sort((a, b) => a.remaining - b.remaining)[0];
  if (least === undefined) return null;
  const policies = (header('ratelimit-policy') ?? '').split(',');
  const policy = policies.find((each) => each.includes(least.name ?? '')) ?? '';
  return {
    refill: 'window',
    limit: numberOf(parameter(policy, 'q')),
    remaining: least.remaining,
    resetMs: least.seconds * SECOND_MS,
    exactToMs: SECOND_MS,
  };
}

function windowLimit(header: Header, now: number): ToldLimit | null {
  for (const prefix of ['ratelimit', 'x-ratelimit']) {
    const remaining = numberOf(header(`${prefix}-remaining`));
    const reset = readReset(header(`${prefix}-reset`), now);
    if (remaining === null || reset === null) continue;
    const limit = numberOf((header(`${prefix}-limit`) ?? '').split(/[,;]/)[0] ?? null);
    return { refill: 'window', limit, remaining, ...reset };
  }
  return null;
}

/** "1s", "6m0s", "20ms", "12.5", "1700000000", "2026-01-01T00:00:00Z". null: absent or senseless. */
function readReset(value: string | null, now: number): Pick<ToldLimit, 'resetMs' | 'exactToMs'> | null {
  if (value === null) return null;
  const number = numberOf(value);
  if (number !== null) {
    if (number >= EPOCH_MS_FROM) return { resetMs: Math.max(0, number - now), exactToMs: 1 };
    const resetMs = number >= EPOCH_SECONDS_FROM ? number * SECOND_MS - now : number * SECOND_MS;
    return { resetMs: Math.max(0, resetMs), exactToMs: value.includes('.') ? 1 : SECOND_MS };
  }
  if (/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(value)) {
    const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)];
    const resetMs = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ''] ?? 0), 0);
    return { resetMs, exactToMs: /\.|ms/.test(value) ? 1 : SECOND_MS };
  }
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : { resetMs: Math.max(0, date - now), exactToMs: SECOND_MS };
}

function parameter(item: string, name: string): string | null {
  return new RegExp(`;\\s*${name}\\s*=\\s*([\\d.]+)`).exec(item)?.[1] ?? null;
}

function numberOf(value: string | null): number | null {
  const trimmed = value?.trim() ?? '';
  return /^\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : null;
}
