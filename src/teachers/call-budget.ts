/** What a chunk may spend. A call is reserved at its worst and settled at what it came to, so the grant is never passed. */
import type { Grant, Spending } from '../contracts/index.js';
import { addSpending, fits, NOTHING_SPENT, subtractSpending } from '../voting/index.js';
import { WaitingLine } from './waiting-line.js';

export class CallBudget {
  private reserved = NOTHING_SPENT;
  private open = 0;
  private readonly line = new WaitingLine();

  /** spent: what the chunk has come to already. */
  constructor(
    private readonly grant: Grant,
    private spent: Spending,
  ) {}

  /** false: the grant does not reach for this call. Waits while open calls may yet turn out cheaper than reserved, so that
   *  near the end of a grant fewer are in flight; rejects with the signal's reason. What was reserved has to be settled,
   *  whatever comes of the call. */
  async reserve(worst: Spending, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      signal.throwIfAborted();
      const needed = addSpending(this.spent, worst);
      if (fits(addSpending(needed, this.reserved), this.grant)) break;
      if (this.open === 0 || !fits(needed, this.grant)) return false;
      await this.line.join(signal);
    }
    this.open++;
    this.reserved = addSpending(this.reserved, worst);
    return true;
  }

  settle(worst: Spending, cost: Spending): void {
    this.open--;
    this.reserved = subtractSpending(this.reserved, worst);
    this.spent = addSpending(this.spent, cost);
    this.line.wakeAll();
  }
}
