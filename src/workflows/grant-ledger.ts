/** The shard's part of the budget, shared out among its chunks. A grant covers a chunk's whole spending, earlier attempts
 *  included, and stays reserved until the chunk has settled, so that all grants together can't pass the budget. Pure. */
import type { Grant } from '../contracts/index.js';

/** What a chunk has come to, over all its attempts. */
export interface Spending {
  readonly calls: number;
  /** Micro-dollars; null: the price is not known. */
  readonly micros: number | null;
}

export interface Need {
  /** Calls of the chunk if each has to be made once. */
  readonly calls: number;
  /** Micro-dollars of the run's dearest call; null: the price is not known. */
  readonly worstCallMicros: number | null;
}

interface OpenGrant {
  readonly grant: Grant;
  /** More than the chunk had spent before: some of it may come back. */
  readonly mayReturn: boolean;
}

/** Share of calls that may have to be repeated, and some for small chunks. */
const REPEATED_SHARE = 0.25;
const REPEATED_AT_LEAST = 10;

export class GrantLedger {
  private readonly open = new Map<number, OpenGrant>();
  private readonly settled = new Map<number, { spent: Spending; grant: Grant }>();
  private readonly calls: Purse;
  private readonly micros: Purse;
  private settledTimes = 0;

  constructor(left: Grant) {
    this.calls = new Purse(left.calls);
    this.micros = new Purse(left.micros);
  }

  /** Grows with each settlement: something that waits may ask again. */
  get settlements(): number {
    return this.settledTimes;
  }

  /** What the chunk may spend; 'wait': ask again after the next settlement; null: there will never be more for it than what
   *  did not suffice. A chunk gets at least one grant, be it empty: replies of earlier runs cost nothing. */
  request(chunk: number, need: Need): Grant | 'wait' | null {
    const held = this.open.get(chunk);
    if (held !== undefined) return held.grant;
    const before = this.settled.get(chunk);
    const wantedCalls = Math.ceil(need.calls * (1 + REPEATED_SHARE)) + REPEATED_AT_LEAST;
    const grant: Grant = {
      calls: this.calls.offer(before?.spent.calls ?? 0, wantedCalls),
      micros: this.micros.offer(before?.spent.micros ?? 0, wantedCalls * (need.worstCallMicros ?? 0)),
    };
    const paysForACall = this.calls.free() >= 1 && this.micros.free() >= (need.worstCallMicros ?? 1);
    if (!paysForACall || (before !== undefined && !grows(before, grant))) {
      if ([...this.open.values()].some(({ mayReturn }) => mayReturn)) return 'wait';
      if (before !== undefined) return null;
    }
    this.calls.add((grant.calls ?? 0) - (before?.spent.calls ?? 0));
    this.micros.add((grant.micros ?? 0) - (before?.spent.micros ?? 0));
    this.settled.delete(chunk);
    this.open.set(chunk, { grant, mayReturn: paysForACall });
    return grant;
  }

  /** The chunk has ended, having spent this much over all its attempts. Under a limit in dollars an unknown price counts as
   *  the whole grant. */
  settle(chunk: number, spent: Spending): void {
    const grant = this.open.get(chunk)?.grant;
    if (grant === undefined) throw new RangeError(`chunk ${chunk} settles and holds no grant`);
    const micros = spent.micros ?? grant.micros ?? 0;
    this.calls.add(spent.calls - (grant.calls ?? 0));
    this.micros.add(micros - (grant.micros ?? 0));
    this.open.delete(chunk);
    this.settled.set(chunk, { grant, spent: { calls: spent.calls, micros } });
    this.settledTimes++;
  }
}

/** One currency: what is spent by settled chunks and reserved by open ones, and the limit of both. */
class Purse {
  private taken = 0;

  constructor(private readonly limit: number | null) {}

  free(): number {
    return this.limit === null ? Number.POSITIVE_INFINITY : Math.max(0, this.limit - this.taken);
  }

  /** null: no limit. */
  offer(spentBefore: number, wanted: number): number | null {
    return this.limit === null ? null : spentBefore + Math.min(this.free(), wanted);
  }

  add(amount: number): void {
    this.taken += amount;
  }
}

/** Whether the new grant has more of what the old one ran out of. */
function grows({ spent, grant: old }: { spent: Spending; grant: Grant }, grant: Grant): boolean {
  const ranOutOfCalls = old.calls !== null && spent.calls >= old.calls;
  return ranOutOfCalls
    ? grant.calls === null || grant.calls > (old.calls ?? 0)
    : grant.micros !== null && old.micros !== null && grant.micros > old.micros;
}
