/** The shard's part of the budget, shared out among its chunks. A grant covers a chunk's whole spending, earlier attempts
 *  included, and stays reserved until the chunk has settled, so that all grants together can't pass the budget. Pure. */
import { Currency, type Grant, type Spending } from '../contracts/index.js';
import { inEach } from '../voting/index.js';

export interface Need {
  /** Calls of the chunk if each has to be made once. */
  readonly calls: number;
  /** The most that a call of the run can come to. */
  readonly worstCall: Spending;
}

interface OpenGrant {
  readonly grant: Grant;
  /** More than the chunk had spent before: some of it may come back. */
  readonly mayReturn: boolean;
}

/** What a chunk has come to, over all its attempts, and the grant that it had. */
interface Settled {
  readonly spent: Record<Currency, number>;
  readonly grant: Grant;
}

/** Share of calls that may have to be repeated, and some for small chunks. */
const REPEATED_SHARE = 0.25;
const REPEATED_AT_LEAST = 10;

export class GrantLedger {
  private readonly open = new Map<number, OpenGrant>();
  private readonly settled = new Map<number, Settled>();
  /** What chunks without a grant have spent all the same: on the probe of a teacher, or before the run was reset. */
  private readonly ungranted = new Map<number, Record<Currency, number>>();
  /** Spent by settled chunks and reserved by open ones. */
  private readonly taken: Record<Currency, number>;
  private changed = 0;

  constructor(private limits: Grant) {
    this.taken = inEach(() => 0);
  }

  /** After the shard has continued as new. taken: spent by chunks that are done, and by those without a grant. */
  static carried(
    limits: Grant,
    { taken, withoutGrant }: { taken: Readonly<Record<Currency, number>>; withoutGrant: GrantLedger['withoutGrant'] },
  ): GrantLedger {
    const ledger = new GrantLedger(limits);
    ledger.take((currency) => taken[currency]);
    for (const { chunk, spent } of withoutGrant) ledger.ungranted.set(chunk, spent);
    return ledger;
  }

  /** The chunk has spent so much before its first grant here, be it this shard's or a later one's. */
  spentBefore(chunk: number, spending: Spending): void {
    const spent = inEach((currency) => spending[currency] ?? this.limits[currency] ?? 0);
    this.take((currency) => spent[currency]);
    this.ungranted.set(chunk, spent);
  }

  /** To carry over: what chunks that have had no grant yet have spent. */
  get withoutGrant(): { chunk: number; spent: Record<Currency, number> }[] {
    return [...this.ungranted].map(([chunk, spent]) => ({ chunk, spent }));
  }

  /** Spent and reserved. */
  get total(): Readonly<Record<Currency, number>> {
    return this.taken;
  }

  /** Grows with each settlement and each change of the limits: something that waits may ask again. */
  get changes(): number {
    return this.changed;
  }

  /** From now on so much may be spent in all. */
  limitTo(limits: Grant): void {
    this.limits = limits;
    this.changed++;
  }

  /** What the chunk may spend; 'wait': ask again after the next change; null: there will never be more for it than what
   *  did not suffice, unless the budget is raised. A chunk gets at least one grant, be it empty: replies of earlier runs
   *  cost nothing. */
  request(chunk: number, need: Need): Grant | 'wait' | null {
    const held = this.open.get(chunk);
    if (held !== undefined) return held.grant;
    const before = this.settled.get(chunk);
    const spent = before?.spent ?? this.ungranted.get(chunk);
    const wantedCalls = Math.ceil(need.calls * (1 + REPEATED_SHARE)) + REPEATED_AT_LEAST;
    const grant: Grant = inEach((currency) => {
      if (this.limits[currency] === null) return null;
      const wanted = wantedCalls * (need.worstCall[currency] ?? 0);
      return (spent?.[currency] ?? 0) + Math.min(this.free(currency), wanted);
    });
    const paysForACall = Currency.options.every((currency) => this.free(currency) >= (need.worstCall[currency] ?? 1));
    if (!paysForACall || (before !== undefined && !grows(before, grant, need.worstCall))) {
      if ([...this.open.values()].some(({ mayReturn }) => mayReturn)) return 'wait';
      if (before !== undefined) return null;
    }
    this.take((currency) => (grant[currency] ?? 0) - (spent?.[currency] ?? 0));
    this.settled.delete(chunk);
    this.ungranted.delete(chunk);
    this.open.set(chunk, { grant, mayReturn: paysForACall });
    return grant;
  }

  /** The chunk has ended, having spent this much over all its attempts. Under a limit in dollars an unknown price counts as
   *  the whole grant. */
  settle(chunk: number, spending: Spending): void {
    const grant = this.open.get(chunk)?.grant;
    if (grant === undefined) throw new RangeError(`chunk ${chunk} settles and holds no grant`);
    const spent = inEach((currency) => spending[currency] ?? grant[currency] ?? 0);
    this.take((currency) => spent[currency] - (grant[currency] ?? 0));
    this.open.delete(chunk);
    this.settled.set(chunk, { grant, spent });
    this.changed++;
  }

  private free(currency: Currency): number {
    const limit = this.limits[currency];
    return limit === null ? Number.POSITIVE_INFINITY : Math.max(0, limit - this.taken[currency]);
  }

  private take(amountOf: (currency: Currency) => number): void {
    for (const currency of Currency.options) this.taken[currency] += amountOf(currency);
  }
}

/** Whether the new grant has more of what the old one ran out of: of what paid for the fewest further calls. */
function grows({ grant: old, spent }: Settled, grant: Grant, worstCall: Spending): boolean {
  const callsLeft = inEach((currency) => {
    const [granted, worst] = [old[currency], worstCall[currency] ?? 1];
    return granted === null || worst === 0 ? Number.POSITIVE_INFINITY : (granted - spent[currency]) / worst;
  });
  const ranOut = Currency.options.reduce((a, b) => (callsLeft[b] < callsLeft[a] ? b : a));
  return (grant[ranOut] ?? Number.POSITIVE_INFINITY) > (old[ranOut] ?? Number.POSITIVE_INFINITY);
}
