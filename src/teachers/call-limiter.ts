/** How many calls to one teacher are in flight in this process, whichever chunk or run they are for. First come, first served. */
export class CallLimiter {
  private inFlight = 0;
  private readonly queue: Array<() => void> = [];
  /** When the teacher last gave a reply, milliseconds since the epoch; null: not yet. */
  lastReplyAt: number | null = null;

  constructor(public limit: number) {}

  /** Runs the job when a place is free; the place is given back however the job ends. */
  async run<Result>(job: () => Promise<Result>): Promise<Result> {
    while (this.inFlight >= this.limit) await new Promise<void>((resolve) => this.queue.push(resolve));
    this.inFlight++;
    try {
      return await job();
    } finally {
      this.inFlight--;
      this.queue.shift()?.();
    }
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
