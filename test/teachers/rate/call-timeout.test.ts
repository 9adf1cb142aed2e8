import { CallTimeout } from '../../../src/teachers/call-timeout.js';

const MINUTE = 60_000;

function timeoutAfter(latencies: readonly number[]): CallTimeout {
  const timeout = new CallTimeout();
  for (const ms of latencies) timeout.replied(ms);
  return timeout;
}

describe('The time-out of a call', () => {
  it("is the task's until twenty replies have come", () => {
    expect(timeoutAfter(Array(19).fill(100)).of(0, 2 * MINUTE)).toBe(2 * MINUTE);
    expect(timeoutAfter(Array(20).fill(100)).of(0, 2 * MINUTE)).toBe(10_000);
  });

  it('follows the latency and its spread', () => {
    // All alike: the mean is 8 s, and the spread of 4 s has shrunk by 3/4 nineteen times.
    const spread = 4000 * 0.75 ** 19;
    expect(timeoutAfter(Array(20).fill(8000)).of(0, MINUTE)).toBe(Math.round(2 * (8000 + 4 * spread)));
    const mixed = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 4000 : 12_000));
    expect(timeoutAfter(mixed).of(0, 10 * MINUTE)).toBeGreaterThan(40_000);
  });

  it('doubles each time that the question timed out before, up to what the task says', () => {
    const timeout = timeoutAfter(Array(20).fill(100));
    expect([0, 1, 2, 3].map((timeOuts) => timeout.of(timeOuts, MINUTE))).toEqual([10_000, 20_000, 40_000, 60_000]);
  });
});
