import { ConcurrencyWindow } from '../../../src/teachers/concurrency-window.js';
import { seeded } from '../../support/seeded.js';

interface Simulated {
  readonly window: ConcurrencyWindow;
  /** Milliseconds, by how many calls are in flight. */
  readonly latency: (inFlight: number) => number;
  readonly outputTokens?: (call: number) => number;
  /** Busy above so many in flight. */
  readonly busyAbove?: number;
}

/** Keeps all places busy for so long; returns the places at its end, the calls answered and those refused. */
function simulate({ window, latency, outputTokens = () => 50, busyAbove }: Simulated, seconds: number) {
  const flights: Array<{ endsAt: number; sentAt: number; inFlight: number; busy: boolean; tokens: number }> = [];
  let sent = 0;
  let answered = 0;
  let refused = 0;
  let now = 0;
  let most = 0;
  while (now < seconds * 1000) {
    while (flights.length < window.places) {
      const inFlight = flights.length + 1;
      const busy = busyAbove !== undefined && inFlight > busyAbove;
      const ms = busy ? 5 : latency(inFlight);
      flights.push({ endsAt: now + ms, sentAt: now, inFlight, busy, tokens: outputTokens(sent++) });
    }
    most = Math.max(most, flights.length);
    flights.sort((a, b) => a.endsAt - b.endsAt);
    const [ended] = flights;
    if (ended === undefined) throw new Error('a window has at least one place');
    now = ended.endsAt;
    if (ended.busy) {
      refused++;
      window.busy(ended.sentAt, now);
    } else {
      answered++;
      const { inFlight, sentAt, tokens } = ended;
      window.replied({ sentAt, inFlight, latencyMs: now - sentAt, outputTokens: tokens }, flights.length, now);
    }
    flights.shift();
  }
  return { places: window.places, answered, refused, most };
}

const random = seeded(7);
const around = (ms: number) => ms * (0.7 + 0.6 * random());

describe('The places for calls', () => {
  it('begin at ten, or at the maximum where that is less', () => {
    expect(new ConcurrencyWindow(64).places).toBe(10);
    expect(new ConcurrencyWindow(3).places).toBe(3);
  });

  it('reach the maximum within a second where the latency does not grow', () => {
    const window = new ConcurrencyWindow(64);
    expect(simulate({ window, latency: () => around(200) }, 1).places).toBe(64);
    expect(simulate({ window, latency: () => around(200) }, 60).places).toBe(64);
  });

  it('grow no further than they are used', () => {
    const window = new ConcurrencyWindow(64);
    for (let i = 0; i < 1000; i++) window.replied({ sentAt: i, inFlight: 1, latencyMs: 1, outputTokens: 1 }, 1, i + 1);
    expect(window.places).toBe(10);
  });

  it('shrink to 0.7 when the teacher is busy, once for all calls that were sent before', () => {
    const window = new ConcurrencyWindow(10);
    window.busy(100, 200);
    expect(window.places).toBe(7);
    window.busy(150, 210);
    window.busy(199, 220);
    expect(window.places).toBe(7);
    window.busy(201, 230);
    expect(window.places).toBe(4);
    for (let i = 0; i < 20; i++) window.busy(1000 * (i + 1), 1000 * (i + 1) + 1);
    expect(window.places).toBe(1);
  });

  it('saw between what the teacher takes and a bit less, with few refusals', () => {
    const window = new ConcurrencyWindow(64);
    const { answered, places, refused } = simulate({ window, latency: () => around(200), busyAbove: 40 }, 60);
    expect(places).toBeGreaterThanOrEqual(27);
    expect(places).toBeLessThanOrEqual(42);
    expect(refused / answered).toBeLessThan(0.01);
    // At 40 places all the time, 12,000 could be answered.
    expect(answered).toBeGreaterThan(0.8 * 12_000);
  });

  it('shrink where twice the calls only wait twice as long', () => {
    // Serves 20 at once, the others queue: 100 a second at most.
    const window = new ConcurrencyWindow(512);
    const { answered, places } = simulate({ window, latency: (n) => around(200) * Math.max(1, n / 20) }, 60);
    expect(places).toBeLessThan(128);
    expect(answered).toBeGreaterThan(0.9 * 6000);
  });

  it('stay where latency grows and more is answered all the same', () => {
    // A server that batches: 16 times the calls take twice as long.
    const window = new ConcurrencyWindow(256);
    const { places } = simulate({ window, latency: (n) => around(200) * n ** 0.25 }, 60);
    expect(places).toBe(256);
  });

  it('do not take long replies for load', () => {
    // Short replies first, then long ones that take ten times as long.
    const window = new ConcurrencyWindow(64);
    const long = (call: number) => call >= 100;
    let call = 0;
    const { places } = simulate(
      {
        window,
        outputTokens: (number) => (long(number) ? 500 : 20),
        latency: () => around(long(call++) ? 2000 : 200),
      },
      60,
    );
    expect(places).toBe(64);
  });
});
