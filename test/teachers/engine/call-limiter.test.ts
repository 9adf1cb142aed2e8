import { setMaxListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { CallLimiter, type Place } from '../../../src/teachers/call-limiter.js';
import { limiterFor } from '../../../src/teachers/index.js';

const settingsOf = (concurrency: number) => ({ concurrency, requestsPerMinute: null, tokensPerMinute: null });
const laneOf = (concurrency: number) => new CallLimiter(settingsOf(concurrency)).enter('a run');
const alone = () => 1;
const never = new AbortController().signal;
setMaxListeners(0, never);

/** A job that needs nothing done before there is a place for it. */
const placed =
  <Result>(job: () => Promise<Result>) =>
  async (untilPlace: () => Promise<Place>) => {
    await untilPlace();
    return job();
  };

/** A job that says when it began and ends when told. */
function heldJob(begun: number[], id: number) {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return {
    end: () => end(),
    run: placed(async () => {
      begun.push(id);
      await ended;
    }),
  };
}

describe('A limiter', () => {
  it('never has more jobs at work than its limit, and always as many as it can', async () => {
    const limiter = laneOf(3);
    let inFlight = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        limiter.run(
          placed(async () => {
            most = Math.max(most, ++inFlight);
            for (let turns = 0; turns < i % 4; turns++) await turn();
            expect(inFlight).toBeLessThanOrEqual(3);
            inFlight--;
          }),
          never,
        ),
      ),
    );
    expect(most).toBe(3);
  });

  it('serves first come, first served, also against one that comes when a place is just free', async () => {
    const limiter = laneOf(1);
    const begun: number[] = [];
    const first = heldJob(begun, 0);
    const all = [limiter.run(first.run, never)];
    for (let id = 1; id <= 3; id++)
      all.push(
        limiter.run(
          placed(async () => void begun.push(id)),
          never,
        ),
      );
    first.end();
    // Comes in the very turn in which the place changes hands.
    await Promise.resolve().then(() =>
      all.push(
        limiter.run(
          placed(async () => void begun.push(4)),
          never,
        ),
      ),
    );
    await Promise.all(all);
    expect(begun).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives places back after jobs that reject or throw', async () => {
    const limiter = laneOf(2);
    const failing = Array.from({ length: 10 }, (_, i) =>
      limiter.run(
        placed(async () => {
          if (i % 2 === 0) await turn();
          throw new Error(`job ${i}`);
        }),
        never,
      ),
    );
    for (const [i, outcome] of (await Promise.allSettled(failing)).entries()) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: `job ${i}` } });
    }
    await expect(
      limiter.run(() => {
        throw new Error('at once');
      }, never),
    ).rejects.toThrow('at once');
    expect(
      await Promise.all(
        [1, 2, 3].map((n) =>
          limiter.run(
            placed(async () => n),
            never,
          ),
        ),
      ),
    ).toEqual([1, 2, 3]);
  });

  it('lets those in the line go whose signal aborts, and serves the others', async () => {
    const limiter = laneOf(1);
    const begun: number[] = [];
    const first = heldJob(begun, 0);
    const stop = new AbortController();
    const running = limiter.run(first.run, never);
    const leaving = [1, 2].map((id) =>
      limiter.run(
        placed(async () => void begun.push(id)),
        stop.signal,
      ),
    );
    const staying = limiter.run(
      placed(async () => void begun.push(3)),
      never,
    );
    stop.abort(new Error('paused'));
    for (const outcome of await Promise.allSettled(leaving)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'paused' } });
    }
    await expect(
      limiter.run(
        placed(async () => {}),
        stop.signal,
      ),
    ).rejects.toThrow('paused');
    first.end();
    await Promise.all([running, staying]);
    expect(begun).toEqual([0, 3]);
  });

  it('admits more at once when the limit grows, and fewer when it shrinks', async () => {
    const limiter = limiterFor('a host and a model', settingsOf(1), alone);
    const lane = limiter.enter('a run');
    const begun: number[] = [];
    const jobs = [0, 1, 2, 3].map((id) => heldJob(begun, id));
    const all = jobs.map((job) => lane.run(job.run, never));
    await turn();
    expect(begun).toEqual([0]);
    expect(limiterFor('a host and a model', settingsOf(3), alone)).toBe(limiter);
    await turn();
    expect(begun).toEqual([0, 1, 2]);
    limiterFor('a host and a model', settingsOf(1), alone);
    jobs[0]!.end();
    jobs[1]!.end();
    await turn();
    expect(begun).toEqual([0, 1, 2]);
    jobs[2]!.end();
    await turn();
    expect(begun).toEqual([0, 1, 2, 3]);
    jobs[3]!.end();
    await Promise.all(all);
  });

  it('lets one call in eight places get ready before there is a place for it, and sends it when there is one', async () => {
    const limiter = laneOf(8);
    const begun: number[] = [];
    const held = Array.from({ length: 8 }, (_, id) => heldJob(begun, id));
    const all = held.map((job) => limiter.run(job.run, never));
    const ready: number[] = [];
    for (let id = 8; id < 11; id++) {
      const job = async (untilPlace: () => Promise<Place>) => {
        ready.push(id);
        const { inFlight } = await untilPlace();
        expect(inFlight).toBe(8);
        begun.push(id);
      };
      all.push(limiter.run(job, never));
    }
    await turn();
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(ready).toEqual([8]);
    held[0]!.end();
    await Promise.all(all.slice(8));
    expect([ready, begun.slice(8)]).toEqual([
      [8, 9, 10],
      [8, 9, 10],
    ]);
    for (const job of held) job.end();
    await Promise.all(all);
  });

  it('gives on the turn of a call that fails, or is stopped, before it has a place', async () => {
    const limiter = laneOf(8);
    const begun: number[] = [];
    const held = Array.from({ length: 8 }, (_, id) => heldJob(begun, id));
    const all = held.map((job) => limiter.run(job.run, never));
    const stop = new AbortController();
    const failing = limiter.run(() => Promise.reject(new Error('no room on the disk')), never);
    await expect(failing).rejects.toThrow('no room on the disk');
    const stopped = limiter.run(
      placed(async () => void begun.push(8)),
      stop.signal,
    );
    const last = limiter.run(
      placed(async () => void begun.push(9)),
      never,
    );
    await turn();
    stop.abort(new Error('paused'));
    await expect(stopped).rejects.toThrow('paused');
    held[0]!.end();
    await last;
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 9]);
    for (const job of held) job.end();
    await Promise.all(all);
  });

  it('sends no call while the whole account is used up, not even one that is ready', async () => {
    let now = 0;
    const limiter = new CallLimiter(
      settingsOf(8),
      () => 1,
      () => now,
    );
    const lane = limiter.enter('run');
    const begun: number[] = [];
    const requests = { refill: 'window', limit: 10, remaining: 0, resetMs: 30_000, exactToMs: 0 } as const;
    const held = heldJob(begun, 0);
    let getReady = () => {};
    const untilReady = new Promise<void>((resolve) => {
      getReady = resolve;
    });
    const first = lane.run(async (untilPlace) => {
      limiter.busy(await untilPlace(), { limits: { requests, tokens: null }, retryAfterMs: null });
      await held.run(async () => ({ sentAt: 0, inFlight: 1, tokens: 0 }));
    }, never);
    const second = lane.run(async (untilPlace) => {
      await untilReady;
      await untilPlace();
      begun.push(1);
    }, never);
    await turn();
    getReady();
    await turn();
    expect(begun).toEqual([0]);
    now = 60_000;
    held.end();
    await Promise.all([first, second]);
    expect(begun).toEqual([0, 1]);
  });

  it('lets runs take turns, however many calls of one of them wait', async () => {
    const limiter = new CallLimiter(settingsOf(1));
    const [large, small] = [limiter.enter('large'), limiter.enter('small')];
    const begun: string[] = [];
    const ask = (lane: typeof large, name: string) =>
      lane.run(
        placed(async () => void begun.push(name)),
        never,
      );
    const first = heldJob([], 0);
    const all = [large.run(first.run, never)];
    for (let i = 0; i < 4; i++) all.push(ask(large, 'large'));
    for (let i = 0; i < 2; i++) all.push(ask(small, 'small'));
    first.end();
    await Promise.all(all);
    expect(begun).toEqual(['small', 'large', 'small', 'large', 'large', 'large']);
  });

  it('serves the chunk of a run first that began first, so that chunks do not all end at once', async () => {
    const limiter = new CallLimiter(settingsOf(1));
    const [older, younger] = [limiter.enter('run'), limiter.enter('run')];
    const begun: string[] = [];
    const first = heldJob([], 0);
    const all = [older.run(first.run, never)];
    all.push(younger.run(async () => void begun.push('younger'), never));
    all.push(older.run(async () => void begun.push('older'), never));
    first.end();
    await Promise.all(all);
    expect(begun).toEqual(['older', 'younger']);
  });

  it('holds calls to the rate that is declared, divided among the workers, and says so', async () => {
    let now = 0;
    let workers = 1;
    const settings = { concurrency: 100, requestsPerMinute: 600, tokensPerMinute: null };
    const limiter = new CallLimiter(
      settings,
      () => workers,
      () => now,
    );
    const lane = limiter.enter('run');
    let begun = 0;
    const all = Array.from({ length: 30 }, () =>
      lane.run(
        placed(async () => void begun++),
        never,
      ),
    );
    await turn();
    // Ten a second, a second's worth at once.
    expect(begun).toBe(10);
    expect(limiter.pace).toEqual({ perMinute: 600, unit: 'calls', by: 'task' });
    workers = 2;
    now = 1000;
    limiter.configure(settings);
    await turn();
    expect(limiter.pace).toEqual({ perMinute: 300, unit: 'calls', by: 'task' });
    // Five a second from now on, and no more than that saved up.
    expect(begun).toBe(15);
    now = 1_000_000;
    limiter.configure({ ...settings, requestsPerMinute: null });
    await Promise.all(all);
    expect(limiter.pace).toBeNull();
  });
});
