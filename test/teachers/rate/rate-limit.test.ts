import { RateLimit } from '../../../src/teachers/rate-limit.js';

/** How many calls go out between two moments, both included, each as early as it may. */
function callsBetween(limit: RateLimit, from: number, to: number): number {
  let calls = 0;
  for (let now = from; now <= to; ) {
    const wait = limit.waitMs(1, now);
    if (wait > 0) {
      now += wait;
      continue;
    }
    limit.take(1, now);
    calls++;
  }
  return calls;
}

const steady = (remaining: number, resetMs: number, exactToMs = 1) =>
  ({ refill: 'steady', limit: 1000, remaining, resetMs, exactToMs }) as const;

describe('A rate limit', () => {
  it('that is declared is divided among the workers', () => {
    const limit = new RateLimit(0);
    limit.declare(600, 1, 0);
    // Ten a second, and the ten that were saved up.
    expect(callsBetween(limit, 0, 10_000)).toBe(110);
    limit.declare(600, 4, 10_000);
    expect(callsBetween(limit, 10_000, 30_000)).toBe(50);
    expect(limit.pace).toEqual({ perMinute: 150, by: 'task' });
  });

  it('is learned from what was used and when it will be back, whatever period the provider counts in', () => {
    const limit = new RateLimit(0);
    expect(limit.pace).toBeNull();
    // 500 used, back in 50 s: ten a second. Half remains: 10 * (0.9 + 2 * 0.5).
    expect(limit.learn(steady(500, 50_000), 0)).toBe(true);
    expect(limit.pace).toEqual({ perMinute: 600, by: 'teacher' });
    callsBetween(limit, 0, 5000);
    expect(callsBetween(limit, 5000, 15_000)).toBe(190);
    // Nothing remains: a little slower than the provider fills up.
    limit.learn(steady(0, 100_000), 15_000);
    expect(callsBetween(limit, 15_000, 25_000)).toBe(90);
  });

  it('is not learned from a reset that is told too roughly', () => {
    const limit = new RateLimit(0);
    expect(limit.learn(steady(997, 1000, 1000), 0)).toBe(false);
    expect(limit.learn(steady(999, 100), 0)).toBe(false);
    expect(limit.pace).toBeNull();
  });

  it('takes the lesser of what is declared and what is told', () => {
    const limit = new RateLimit(0);
    limit.declare(300, 1, 0);
    limit.learn(steady(500, 50_000), 0);
    expect(limit.pace).toEqual({ perMinute: 300, by: 'task' });
    limit.declare(6000, 1, 0);
    expect(limit.pace).toEqual({ perMinute: 600, by: 'teacher' });
  });

  it('spreads what a window has left over the time until it opens again, and forgets it then', () => {
    const limit = new RateLimit(0);
    limit.learn({ refill: 'window', limit: 100, remaining: 20, resetMs: 10_000, exactToMs: 1000 }, 0);
    expect(limit.pace).toEqual({ perMinute: 120, by: 'teacher' });
    expect(callsBetween(limit, 0, 10_000)).toBe(22);
    expect(limit.waitMs(1, 10_001)).toBe(0);
    expect(limit.pace).toBeNull();
  });

  it("settles a little below a provider's rate, and never meets an empty account", () => {
    // A provider that holds 100 and gives back 50 a second; the limit starts from a full account.
    const limit = new RateLimit(0);
    let credit = 100;
    let refused = 0;
    let answered = 0;
    let at = 0;
    const tell = (now: number) => {
      credit = Math.min(100, credit + ((now - at) / 1000) * 50);
      at = now;
    };
    for (let now = 0; now < 60_000; now++) {
      if (limit.waitMs(1, now) > 0) continue;
      limit.take(1, now);
      tell(now);
      if (credit >= 1) credit--;
      else if (now > 5000) refused++;
      if (now > 5000) answered++;
      limit.learn({ ...steady(Math.floor(credit), ((100 - credit) / 50) * 1000), limit: 100 }, now);
    }
    expect(refused).toBe(0);
    expect(answered / 55).toBeGreaterThan(0.95 * 50);
  });
});
