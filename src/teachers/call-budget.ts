/** What a chunk may spend. A call is reserved at its worst price and settled at the real one, so the grant is never passed. */
import type { Grant } from '../contracts/index.js';
import { WaitingLine } from './waiting-line.js';

export class CallBudget {
  private reservedMicros = 0;
  private readonly line = new WaitingLine();

  /** calls, spentMicros: what the chunk has come to already. */
  constructor(
    private readonly grant: Grant,
    private calls: number,
    private spentMicros: number | null,
  ) {}

  /** false: the grant does not reach for this call. Waits while open calls may yet turn out cheaper than reserved; rejects
   *  with the signal's reason. What was reserved has to be settled, whatever comes of the call. */
  async reserve(worstMicros: number | null, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      signal.throwIfAborted();
      if (this.grant.calls !== null && this.calls >= this.grant.calls) return false;
      if (this.grant.micros === null) break;
      // A limit in dollars needs prices: the task was refused beforehand if they were not known.
      const worst = worstMicros ?? Number.POSITIVE_INFINITY;
      const spent = this.spentMicros ?? Number.POSITIVE_INFINITY;
      if (spent + this.reservedMicros + worst <= this.grant.micros) break;
      if (this.reservedMicros === 0) return false;
      await this.line.join(signal);
    }
    this.calls++;
    this.reservedMicros += worstMicros ?? 0;
    return true;
  }

  settle(worstMicros: number | null, costMicros: number | null): void {
    this.reservedMicros -= worstMicros ?? 0;
    this.spentMicros = this.spentMicros === null || costMicros === null ? null : this.spentMicros + costMicros;
    this.line.wakeAll();
  }
}
