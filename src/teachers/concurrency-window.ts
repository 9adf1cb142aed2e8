/** How many calls may be in flight: slow start, then additive increase and multiplicative decrease, as TCP does it (RFC 5681).
 *  Pure: the caller says what time it is.
 *
 *  Grows by one a reply until the teacher first objects, then by a fiftieth of the maximum a round (a round is as many replies
 *  as there are places). Shrinks to 0.7, at most once a round, when the teacher says that it is busy, or when more calls in
 *  flight bring no more replies a second (load-latency.ts). */
import { LoadLatency } from './load-latency.js';

/** As TCP begins (RFC 6928). */
const FIRST_PLACES = 10;
const SHRINK_TO = 0.7;
const ROUNDS_TO_MAXIMUM = 50;
/** It grows only while so much of it is used: an idle window says nothing of the teacher. */
const USED_SHARE = 0.8;

/** A call that was replied to. Times are milliseconds. */
export interface AnsweredCall {
  readonly sentAt: number;
  readonly latencyMs: number;
  /** Calls in flight when it was sent, itself included. */
  readonly inFlight: number;
  /** Tokens of the reply, or an estimate. */
  readonly outputTokens: number;
}

export class ConcurrencyWindow {
  private size: number;
  private slowStart = true;
  private replies = 0;
  private shrunkAt = Number.NEGATIVE_INFINITY;
  private readonly latencies = new LoadLatency();

  constructor(private maximum: number) {
    this.size = Math.min(FIRST_PLACES, maximum);
  }

  get places(): number {
    return Math.max(1, Math.floor(this.size));
  }

  setMaximum(maximum: number): void {
    this.maximum = maximum;
    const least = this.slowStart ? FIRST_PLACES : 1;
    this.size = Math.min(Math.max(this.size, least), maximum);
  }

  /** inFlight: now, the call included. */
  replied(call: AnsweredCall, inFlight: number, now: number): void {
    this.latencies.add(call, (call.inFlight + inFlight) / 2, now);
    if (++this.replies >= this.size) {
      this.replies = 0;
      if (call.sentAt > this.shrunkAt && this.latencies.isCrowded(inFlight, now)) {
        this.shrink(now);
        return;
      }
    }
    if (inFlight < USED_SHARE * this.size) return;
    const step = this.slowStart ? 1 : Math.max(1, this.maximum / ROUNDS_TO_MAXIMUM) / this.size;
    this.size = Math.min(this.maximum, this.size + step);
  }

  /** The teacher was busy. What was sent before it last shrank tells nothing new. */
  busy(sentAt: number, now: number): void {
    if (sentAt > this.shrunkAt) this.shrink(now);
  }

  private shrink(now: number): void {
    this.size = Math.max(1, this.size * SHRINK_TO);
    this.slowStart = false;
    this.replies = 0;
    this.shrunkAt = now;
  }
}
