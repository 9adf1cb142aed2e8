/** How long to wait for a reply, from the latencies seen. Pure. */

const SMOOTHED = 1 / 8;
const SPREAD = 1 / 4;
const DEVIATIONS = 4;
/** A call that is given up may be billed all the same and counts at its worst price: twice as patient as TCP, never short. */
const PATIENCE = 2;
const SHORTEST_MS = 10_000;
/** Replies before the latency is known well enough. */
const ENOUGH = 20;

/** TCP's retransmission time-out (RFC 6298): SRTT + 4 * RTTVAR, with SRTT and RTTVAR smoothed by 1/8 and 1/4, here times two,
 *  at least 10 s, doubled with each time that the same question timed out before, and never over the task's timeoutSeconds. */
export class CallTimeout {
  private replies = 0;
  private meanMs = 0;
  private spreadMs = 0;

  replied(latencyMs: number): void {
    if (this.replies++ === 0) {
      this.meanMs = latencyMs;
      this.spreadMs = latencyMs / 2;
      return;
    }
    this.spreadMs += SPREAD * (Math.abs(this.meanMs - latencyMs) - this.spreadMs);
    this.meanMs += SMOOTHED * (latencyMs - this.meanMs);
  }

  /** Milliseconds. timeOuts: of the same question so far. */
  of(timeOuts: number, longestMs: number): number {
    if (this.replies < ENOUGH) return longestMs;
    const ms = Math.max(SHORTEST_MS, PATIENCE * (this.meanMs + DEVIATIONS * this.spreadMs));
    return Math.min(longestMs, Math.round(ms * 2 ** timeOuts));
  }
}
