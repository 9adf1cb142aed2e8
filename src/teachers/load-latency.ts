/** Does latency grow with the calls in flight, or are the replies long? Latencies are compared between loads, and only among
 *  replies of about the same length. Pure. */
import type { AnsweredCall } from './concurrency-window.js';

/** Latency that grows by this power of the load or more: twice the calls then bring 1.1 times the replies, or fewer. */
const CROWDED_POWER = 0.85;
/** Loads that lie closer together are not compared. */
const LEAST_STEP = 1.4;
/** Replies at each of the two loads before they are compared. */
const ENOUGH = 8;
const NEWEST = 0.1;
/** An older figure may come from another hour of the teacher's day. */
const FRESH_MS = 60_000;
/** Below this it is the network and this process that are measured, not a model. */
const QUICK_MS = 100;

/** Of replies at about the same load and of about the same length. */
interface Mean {
  count: number;
  ms: number;
  load: number;
  at: number;
}

export class LoadLatency {
  /** By length of the reply, then by load; each by powers of two. */
  private readonly means = new Map<number, Map<number, Mean>>();

  /** load: calls in flight meanwhile. */
  add({ latencyMs, outputTokens }: AnsweredCall, load: number, now: number): void {
    const byLoad = this.means.get(powerOf(outputTokens)) ?? new Map<number, Mean>();
    this.means.set(powerOf(outputTokens), byLoad);
    const before = byLoad.get(powerOf(load));
    const mean = before !== undefined && now - before.at < FRESH_MS ? before : { count: 0, ms: 0, load: 0, at: now };
    const weight = Math.max(NEWEST, 1 / ++mean.count);
    mean.ms += weight * (latencyMs - mean.ms);
    mean.load += weight * (load - mean.load);
    mean.at = now;
    byLoad.set(powerOf(load), mean);
  }

  /** Whether so many calls in flight are hardly worth more than fewer were. false where too little is known. */
  isCrowded(load: number, now: number): boolean {
    let replies = 0;
    let crowded = 0;
    for (const byLoad of this.means.values()) {
      const high = byLoad.get(powerOf(load));
      if (high === undefined || high.count < ENOUGH || now - high.at > FRESH_MS) continue;
      const low = lowerLoad(byLoad, high, powerOf(load), now);
      if (low === null) continue;
      replies += high.count;
      if (high.ms >= QUICK_MS && high.ms / low.ms >= (high.load / low.load) ** CROWDED_POWER) crowded += high.count;
    }
    return crowded > replies / 2;
  }
}

/** The nearest lower load that is far enough away. */
function lowerLoad(byLoad: ReadonlyMap<number, Mean>, high: Mean, power: number, now: number): Mean | null {
  for (let lower = power - 1; lower >= 0; lower--) {
    const low = byLoad.get(lower);
    const isKnown = low !== undefined && low.count >= ENOUGH && now - low.at <= FRESH_MS;
    if (isKnown && high.load / low.load >= LEAST_STEP) return low;
  }
  return null;
}

function powerOf(amount: number): number {
  return Math.floor(Math.log2(Math.max(1, amount)));
}
