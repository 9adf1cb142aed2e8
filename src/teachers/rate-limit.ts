/** The pace of calls, or of tokens: what the task declares, what the provider's headers tell, whichever is less, divided among
 *  the workers that ask the same teacher. Pure: the caller says what time it is. */
import type { ToldLimit } from './rate-headers.js';
import { TokenBucket } from './token-bucket.js';

/** Where what is used comes back steadily, the pace is the provider's rate times (0.9 + 2 * the share that remains): it settles
 *  where a twentieth remains, so that no call meets an empty account, and a full account is used up quickly. */
const PACE_OF_EMPTY = 0.9;
const PACE_OF_REMAINING = 2;
/** A reset that is told to the second says little of a rate until it is some seconds away. */
const RESET_IN_STEPS = 5;
/** Weight of the newest figure in the provider's rate. */
const NEWEST = 0.2;
const SHORTEST_WINDOW_MS = 1000;

export class RateLimit {
  private readonly bucket: TokenBucket;
  private declared: number | null = null;
  private workers = 1;
  /** The provider's rate, units a second. */
  private rate: number | null = null;
  private told: number | null = null;
  private toldUntil = Number.POSITIVE_INFINITY;

  /** Times are milliseconds. */
  constructor(now: number) {
    this.bucket = new TokenBucket(now);
  }

  /** perMinute: of all workers together; null: nothing is declared. */
  declare(perMinute: number | null, workers: number, now: number): void {
    this.declared = perMinute === null ? null : perMinute / 60;
    this.workers = Math.max(1, workers);
    this.apply(now);
  }

  /** True: the pace of the calls is known from now on. */
  learn(told: ToldLimit, now: number): boolean {
    if (told.refill === 'window') {
      this.told = (told.remaining / Math.max(told.resetMs, SHORTEST_WINDOW_MS)) * 1000;
      this.toldUntil = now + told.resetMs;
    } else {
      this.learnRate(told);
      if (this.rate !== null && told.limit) {
        this.told = this.rate * (PACE_OF_EMPTY + (PACE_OF_REMAINING * told.remaining) / told.limit);
      }
      if (told.remaining === 0) this.bucket.drain(now);
    }
    this.apply(now);
    return this.told !== null;
  }

  waitMs(amount: number, now: number): number {
    if (now > this.toldUntil) this.forget(now);
    return this.bucket.waitMs(amount, now);
  }

  take(amount: number, now: number): void {
    this.bucket.take(amount, now);
  }

  /** Units a minute that this worker keeps to, and who says so; null: none. */
  get pace(): { readonly perMinute: number; readonly by: 'task' | 'teacher' } | null {
    const told = this.rate ?? this.told;
    const { declared } = this;
    if (declared === null && told === null) return null;
    const byTask = declared !== null && (told === null || declared <= told);
    const perSecond = byTask ? declared : (told ?? 0);
    return { perMinute: Math.round((perSecond * 60) / this.workers), by: byTask ? 'task' : 'teacher' };
  }

  /** What is used and when it would all be back gives the rate, whichever period the provider counts in. */
  private learnRate({ exactToMs, limit, remaining, resetMs }: ToldLimit): void {
    const used = (limit ?? 0) - remaining;
    if (used < 2 || resetMs < RESET_IN_STEPS * exactToMs) return;
    const rate = (used / resetMs) * 1000;
    this.rate = this.rate === null ? rate : this.rate + NEWEST * (rate - this.rate);
  }

  private forget(now: number): void {
    this.told = null;
    this.toldUntil = Number.POSITIVE_INFINITY;
    this.apply(now);
  }

  private apply(now: number): void {
    const least = Math.min(this.declared ?? Number.POSITIVE_INFINITY, this.told ?? Number.POSITIVE_INFINITY);
    this.bucket.setRate(least === Number.POSITIVE_INFINITY ? null : Math.max(least / this.workers, 1e-3), now);
  }
}
