/** Keeps calls to a rate: credit flows in steadily, each call takes its part of it. Pure: the caller says what time it is. */

/** Credit that is saved up, in seconds of the rate: as much as the event loop may be busy with other things. */
const SAVED_SECONDS = 1;

export class TokenBucket {
  private perSecond = Number.POSITIVE_INFINITY;
  private credit = 0;

  /** at: milliseconds, as all times below. */
  constructor(private at: number) {}

  /** Units a second; null: no limit. The credit stays. */
  setRate(perSecond: number | null, now: number): void {
    this.refill(now);
    const unlimitedBefore = this.perSecond === Number.POSITIVE_INFINITY;
    this.perSecond = perSecond ?? Number.POSITIVE_INFINITY;
    if (unlimitedBefore) this.credit = this.capacity;
    else this.credit = Math.min(this.credit, this.capacity);
  }

  /** Milliseconds until so much may be taken; 0: now. More than the bucket holds may be taken once it is full. */
  waitMs(amount: number, now: number): number {
    if (this.perSecond === Number.POSITIVE_INFINITY) return 0;
    this.refill(now);
    const missing = Math.min(amount, this.capacity) - this.credit;
    return missing <= 0 ? 0 : Math.ceil((missing / this.perSecond) * 1000);
  }

  /** The credit may fall below zero: later calls wait for it. A negative amount gives back. */
  take(amount: number, now: number): void {
    if (this.perSecond === Number.POSITIVE_INFINITY) return;
    this.refill(now);
    this.credit = Math.min(this.credit - amount, this.capacity);
  }

  /** The other side says that nothing is left. */
  drain(now: number): void {
    this.refill(now);
    this.credit = Math.min(this.credit, 0);
  }

  private get capacity(): number {
    return Math.max(1, this.perSecond * SAVED_SECONDS);
  }

  private refill(now: number): void {
    const seconds = Math.max(0, now - this.at) / 1000;
    this.at = now;
    if (this.perSecond === Number.POSITIVE_INFINITY) return;
    this.credit = Math.min(this.credit + seconds * this.perSecond, this.capacity);
  }
}
