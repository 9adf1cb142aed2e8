/** How many calls to one teacher are in flight in this process, whichever chunk or run they are for, and what these calls
 *  have shown of the teacher. */
import { WaitingLine } from './waiting-line.js';

export class CallLimiter {
  private inFlight = 0;
  private readonly line = new WaitingLine();
  private readonly failing = new Set<string>();
  private repliedAt: number | null = null;
  private heldUntil = 0;

  constructor(private places: number) {}

  get limit(): number {
    return this.places;
  }

  set limit(places: number) {
    this.places = places;
    this.admit();
  }

  /** Runs the job when a place is free, first come, first served; the place is given back however the job ends.
   *  Rejects with the signal's reason if it aborts before there is a place. */
  async run<Result>(job: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    // A place that becomes free goes to the first in the line: where one is free here, nobody waits.
    if (this.inFlight < this.places) this.inFlight++;
    else await this.line.join(signal);
    try {
      return await job();
    } finally {
      this.inFlight--;
      this.admit();
    }
  }

  /** When the teacher last replied, milliseconds since the epoch; null: not yet. */
  get lastReplyAt(): number | null {
    return this.repliedAt;
  }

  /** Different texts whose calls failed since the last reply: several look like an outage, one like a bad question. */
  get failingTexts(): number {
    return this.failing.size;
  }

  replied(): void {
    this.repliedAt = Date.now();
    this.failing.clear();
  }

  failed(textKey: string): void {
    this.failing.add(textKey);
  }

  /** Nobody should send for so long: the teacher asked one caller to wait, and would ask the others too. */
  hold(ms: number): void {
    this.heldUntil = Math.max(this.heldUntil, Date.now() + ms);
  }

  /** Milliseconds until the teacher wants to be asked again. */
  get heldFor(): number {
    return Math.max(0, this.heldUntil - Date.now());
  }

  private admit(): void {
    while (this.inFlight < this.places && this.line.wakeFirst()) this.inFlight++;
  }
}

const limiters = new Map<string, CallLimiter>();

/** The limiter of a teacher in this process. The limit last asked for holds. */
export function limiterFor(teacher: string, limit: number): CallLimiter {
  let limiter = limiters.get(teacher);
  if (limiter === undefined) {
    limiter = new CallLimiter(limit);
    limiters.set(teacher, limiter);
  }
  limiter.limit = limit;
  return limiter;
}
