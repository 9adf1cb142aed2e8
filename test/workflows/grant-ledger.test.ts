import { Currency, type Grant, type Spending } from '../../src/contracts/index.js';
import { addSpending, fits, inEach, NO_LIMIT } from '../../src/voting/index.js';
import { GrantLedger, type Need } from '../../src/workflows/grant-ledger.js';

/** 10 calls with room for repeats: ceil(10 * 1.25) + 10. */
const TEN_CALLS: Need = { calls: 10, worstCall: { calls: 1, tokens: 1000, micros: 100 } };
const WANTED = 23;

describe('a grant', () => {
  it('has room for calls that have to be repeated, each at the price of the dearest', () => {
    const ledger = new GrantLedger({ calls: 1000, tokens: null, micros: 1_000_000 });
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: WANTED, tokens: null, micros: WANTED * 100 });
  });

  it('is without limit where the budget is', () => {
    const ledger = new GrantLedger({ calls: null, tokens: null, micros: null });
    expect(ledger.request(0, { calls: 10, worstCall: { calls: 1, tokens: 1000, micros: null } })).toEqual(NO_LIMIT);
  });

  it('is what is left when that is less', () => {
    const ledger = new GrantLedger({ calls: 30, tokens: null, micros: null });
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: 23, tokens: null, micros: null });
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: 7, tokens: null, micros: null });
  });

  it('stays the same for a chunk that has not settled: a paused chunk goes on with what it had', () => {
    const ledger = new GrantLedger({ calls: 30, tokens: null, micros: null });
    ledger.request(0, TEN_CALLS);
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: 23, tokens: null, micros: null });
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: 7, tokens: null, micros: null });
  });

  it('waits while others hold what may come back, and comes when they have settled cheaper', () => {
    const ledger = new GrantLedger({ calls: 23, tokens: null, micros: null });
    ledger.request(0, TEN_CALLS);
    expect(ledger.request(1, TEN_CALLS)).toBe('wait');
    ledger.settle(0, { calls: 10, tokens: 0, micros: 0 });
    expect(ledger.changes).toBe(1);
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: 13, tokens: null, micros: null });
  });

  it('waits in dollars, too, when less than the dearest call is left', () => {
    const ledger = new GrantLedger({ calls: null, tokens: null, micros: 2350 });
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: null, tokens: null, micros: 2300 });
    expect(ledger.request(1, TEN_CALLS)).toBe('wait');
  });

  it('is empty for a chunk that nothing is left for: replies of earlier runs cost nothing', () => {
    const ledger = new GrantLedger({ calls: 0, tokens: null, micros: null });
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: 0, tokens: null, micros: null });
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: 0, tokens: null, micros: null });
  });
});

describe('a chunk whose grant did not suffice', () => {
  it('gets a larger one, earlier attempts included, when others settle cheaper', () => {
    const ledger = new GrantLedger({ calls: 40, tokens: null, micros: null });
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: 23, tokens: null, micros: null });
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: 17, tokens: null, micros: null });
    ledger.settle(1, { calls: 17, tokens: 0, micros: 0 });
    expect(ledger.request(1, TEN_CALLS)).toBe('wait');
    ledger.settle(0, { calls: 12, tokens: 0, micros: 0 });
    // 40 - 12 - 17 = 11 more than the 17 it has spent.
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: 28, tokens: null, micros: null });
  });

  it('gets none when nothing is left and nothing may come back', () => {
    const ledger = new GrantLedger({ calls: 5, tokens: null, micros: null });
    ledger.request(0, TEN_CALLS);
    ledger.settle(0, { calls: 5, tokens: 0, micros: 0 });
    expect(ledger.request(0, TEN_CALLS)).toBeNull();
  });

  it('gets none when another would be no larger in what it ran out of', () => {
    const ledger = new GrantLedger({ calls: 1000, tokens: null, micros: 250 });
    // It used up its dollars after one call: the next one might have cost 200.
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: WANTED, tokens: null, micros: 250 });
    ledger.settle(0, { calls: 1, tokens: 0, micros: 100 });
    expect(ledger.request(0, TEN_CALLS)).toBeNull();
  });

  it('counts an unknown price as its whole grant under a limit in dollars', () => {
    const ledger = new GrantLedger({ calls: null, tokens: null, micros: 2300 });
    ledger.request(0, TEN_CALLS);
    ledger.settle(0, { calls: 10, tokens: 0, micros: null });
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: null, tokens: null, micros: 0 });
  });
});

it('a chunk that settles without a grant is an error', () => {
  expect(() =>
    new GrantLedger({ calls: 1, tokens: null, micros: 1 }).settle(0, { calls: 0, tokens: 0, micros: 0 }),
  ).toThrow(RangeError);
});

describe('a raised budget', () => {
  it('gives a chunk that had nothing left what was added', () => {
    const ledger = new GrantLedger({ calls: 5, tokens: null, micros: null });
    ledger.request(0, TEN_CALLS);
    ledger.settle(0, { calls: 5, tokens: 0, micros: 0 });
    expect(ledger.request(0, TEN_CALLS)).toBeNull();
    ledger.limitTo({ calls: 7, tokens: null, micros: null });
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: 7, tokens: null, micros: null });
  });

  it('counts what was spent before the ledger was opened again', () => {
    const before = new GrantLedger({ calls: 30, tokens: null, micros: null });
    before.request(0, TEN_CALLS);
    before.settle(0, { calls: 12, tokens: 900, micros: 80 });
    const { total: taken, withoutGrant } = before;
    const after = GrantLedger.carried({ calls: 30, tokens: null, micros: null }, { taken, withoutGrant });
    expect(taken).toEqual({ calls: 12, tokens: 900, micros: 80 });
    expect(after.request(1, TEN_CALLS)).toEqual({ calls: 18, tokens: null, micros: null });
  });
});

describe('what a chunk spent before its first grant', () => {
  const PROBE = { calls: 1, tokens: 500, micros: 50 };

  it("is no other's to spend, and part of its own grant", () => {
    const ledger = new GrantLedger({ calls: 30, tokens: null, micros: null });
    ledger.spentBefore(7, PROBE);
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: 23, tokens: null, micros: null });
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: 6, tokens: null, micros: null });
    ledger.settle(0, { calls: 20, tokens: 0, micros: 0 });
    ledger.settle(1, { calls: 6, tokens: 0, micros: 0 });
    expect(ledger.request(7, TEN_CALLS)).toEqual({ calls: 4, tokens: null, micros: null });
  });

  it('leaves it a grant of that much where nothing else is left', () => {
    const ledger = new GrantLedger({ calls: 1, tokens: null, micros: null });
    ledger.spentBefore(7, PROBE);
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: 0, tokens: null, micros: null });
    expect(ledger.request(7, TEN_CALLS)).toEqual({ calls: 1, tokens: null, micros: null });
  });

  it('is carried over', () => {
    const ledger = new GrantLedger({ calls: 30, tokens: null, micros: null });
    ledger.spentBefore(7, PROBE);
    const { total: taken, withoutGrant } = ledger;
    const carried = GrantLedger.carried({ calls: 2, tokens: null, micros: null }, { taken, withoutGrant });
    expect(carried.request(7, TEN_CALLS)).toEqual({ calls: 2, tokens: null, micros: null });
    expect(carried.withoutGrant).toEqual([]);
  });
});

it('the budget holds and every chunk ends, whatever the order of grants, settlements and raises', () => {
  for (let seed = 0; seed < 600; seed++) {
    const { budget, chunks, most, raised } = simulate(seed);
    const left = inEach((currency) => (budget[currency] ?? Number.POSITIVE_INFINITY) - spentBy(chunks, currency));
    const lacking = chunks.some((chunk) => !chunk.complete);
    expect({
      seed,
      held: Currency.options.filter((currency) => most[currency] > (budget[currency] ?? Number.POSITIVE_INFINITY)),
      // Nothing that would pay for a call is left over while a chunk lacks some. A raise may come too late for those that
      // have ended.
      wasted: lacking && !raised && Currency.options.every((currency) => left[currency] >= WORST[currency]),
    }).toEqual({ seed, held: [], wasted: false });
  }
});

const WORST = { calls: 1, tokens: 1000, micros: 100 };

/** Twelve chunks that are advanced at random until all have ended, in every other run with a raise on the way; `most` is
 *  the most that was spent or reserved at a time. */
function simulate(seed: number) {
  const random = generator(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  let budget: Grant = inEach((currency) => (below(4) === 0 ? null : below(400 * WORST[currency])));
  const ledger = new GrantLedger(budget);
  const chunks = Array.from({ length: 12 }, (_, number) => new SimulatedChunk(number, 5 + below(40), random));
  for (const chunk of chunks) {
    const together = inEach((currency) => spentBy(chunks, currency));
    if (below(3) === 0 && fits(addSpending(together, WORST), budget)) chunk.probe(ledger);
  }
  const most = inEach(() => 0);
  let raiseAfter = seed % 2 === 0 ? below(40) : Number.POSITIVE_INFINITY;
  let waits = 0;
  for (let open = chunks; open.length > 0; open = chunks.filter((chunk) => !chunk.ended)) {
    if (raiseAfter-- === 0) {
      const more = inEach((currency) => below(100 * WORST[currency]));
      budget = inEach((currency) => (budget[currency] === null ? null : budget[currency] + more[currency]));
      ledger.limitTo(budget);
    }
    waits = (open[below(open.length)] as SimulatedChunk).advance(ledger) ? 0 : waits + 1;
    if (waits > 2000) throw new Error(`seed ${seed}: every chunk waits and none ends`);
    for (const currency of Currency.options) most[currency] = Math.max(most[currency], heldBy(chunks, currency));
  }
  return { budget, chunks, most, raised: raiseAfter < 0 };
}

/** A chunk as the activity behaves: asks while a call at its worst fits into the grant, pays less than that. */
class SimulatedChunk {
  spent = inEach(() => 0);
  grant: Grant | null = null;
  ended = false;
  private readonly need: Need;
  private left: number;

  constructor(
    private readonly number: number,
    calls: number,
    private readonly random: () => number,
  ) {
    this.need = { calls, worstCall: WORST };
    // Some calls have to be repeated, up to the double.
    this.left = calls + Math.floor(random() * calls);
  }

  get complete(): boolean {
    return this.left === 0;
  }

  /** Its first call is made before it has a grant. */
  probe(ledger: GrantLedger): void {
    this.pay();
    ledger.spentBefore(this.number, this.spent);
  }

  /** false: it has to wait. */
  advance(ledger: GrantLedger): boolean {
    if (this.grant === null) {
      const grant = ledger.request(this.number, this.need);
      if (grant === 'wait') return false;
      if (grant === null) this.ended = true;
      this.grant = grant;
      return true;
    }
    while (this.left > 0 && fits(addSpending(this.spent, WORST), this.grant)) {
      this.pay();
    }
    ledger.settle(this.number, this.spent satisfies Spending);
    this.grant = null;
    this.ended = this.complete;
    return true;
  }

  private pay(): void {
    const cost = { calls: 1, tokens: Math.ceil(this.random() * 1000), micros: Math.ceil(this.random() * 100) };
    this.spent = inEach((currency) => this.spent[currency] + cost[currency]);
    this.left--;
  }
}

function spentBy(chunks: readonly SimulatedChunk[], currency: Currency): number {
  return chunks.reduce((sum, chunk) => sum + chunk.spent[currency], 0);
}

/** Spent or reserved: a grant covers what its chunk has spent. */
function heldBy(chunks: readonly SimulatedChunk[], currency: Currency): number {
  return chunks.reduce((sum, chunk) => sum + Math.max(chunk.spent[currency], chunk.grant?.[currency] ?? 0), 0);
}

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
