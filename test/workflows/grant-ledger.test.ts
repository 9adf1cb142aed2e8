import type { Grant } from '../../src/contracts/index.js';
import { GrantLedger, type Need, type Spending } from '../../src/workflows/grant-ledger.js';

/** 10 calls with room for repeats: ceil(10 * 1.25) + 10. */
const TEN_CALLS: Need = { calls: 10, worstCallMicros: 100 };
const WANTED = 23;

describe('a grant', () => {
  it('has room for calls that have to be repeated, each at the price of the dearest', () => {
    const ledger = new GrantLedger({ calls: 1000, micros: 1_000_000 });
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: WANTED, micros: WANTED * 100 });
  });

  it('is without limit where the budget is', () => {
    const ledger = new GrantLedger({ calls: null, micros: null });
    expect(ledger.request(0, { calls: 10, worstCallMicros: null })).toEqual({ calls: null, micros: null });
  });

  it('is what is left when that is less', () => {
    const ledger = new GrantLedger({ calls: 30, micros: null });
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: 23, micros: null });
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: 7, micros: null });
  });

  it('stays the same for a chunk that has not settled: a paused chunk goes on with what it had', () => {
    const ledger = new GrantLedger({ calls: 30, micros: null });
    ledger.request(0, TEN_CALLS);
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: 23, micros: null });
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: 7, micros: null });
  });

  it('waits while others hold what may come back, and comes when they have settled cheaper', () => {
    const ledger = new GrantLedger({ calls: 23, micros: null });
    ledger.request(0, TEN_CALLS);
    expect(ledger.request(1, TEN_CALLS)).toBe('wait');
    ledger.settle(0, { calls: 10, micros: 0 });
    expect(ledger.settlements).toBe(1);
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: 13, micros: null });
  });

  it('waits in dollars, too, when less than the dearest call is left', () => {
    const ledger = new GrantLedger({ calls: null, micros: 2350 });
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: null, micros: 2300 });
    expect(ledger.request(1, TEN_CALLS)).toBe('wait');
  });

  it('is empty for a chunk that nothing is left for: replies of earlier runs cost nothing', () => {
    const ledger = new GrantLedger({ calls: 0, micros: null });
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: 0, micros: null });
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: 0, micros: null });
  });
});

describe('a chunk whose grant did not suffice', () => {
  it('gets a larger one, earlier attempts included, when others settle cheaper', () => {
    const ledger = new GrantLedger({ calls: 40, micros: null });
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: 23, micros: null });
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: 17, micros: null });
    ledger.settle(1, { calls: 17, micros: 0 });
    expect(ledger.request(1, TEN_CALLS)).toBe('wait');
    ledger.settle(0, { calls: 12, micros: 0 });
    // 40 - 12 - 17 = 11 more than the 17 it has spent.
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: 28, micros: null });
  });

  it('gets none when nothing is left and nothing may come back', () => {
    const ledger = new GrantLedger({ calls: 5, micros: null });
    ledger.request(0, TEN_CALLS);
    ledger.settle(0, { calls: 5, micros: 0 });
    expect(ledger.request(0, TEN_CALLS)).toBeNull();
  });

  it('gets none when another would be no larger in what it ran out of', () => {
    const ledger = new GrantLedger({ calls: 1000, micros: 250 });
    // It used up its dollars after one call: the next one might have cost 200.
    expect(ledger.request(0, TEN_CALLS)).toEqual({ calls: WANTED, micros: 250 });
    ledger.settle(0, { calls: 1, micros: 100 });
    expect(ledger.request(0, TEN_CALLS)).toBeNull();
  });

  it('counts an unknown price as its whole grant under a limit in dollars', () => {
    const ledger = new GrantLedger({ calls: null, micros: 2300 });
    ledger.request(0, TEN_CALLS);
    ledger.settle(0, { calls: 10, micros: null });
    expect(ledger.request(1, TEN_CALLS)).toEqual({ calls: null, micros: 0 });
  });
});

it('a chunk that settles without a grant is an error', () => {
  expect(() => new GrantLedger({ calls: 1, micros: 1 }).settle(0, { calls: 0, micros: 0 })).toThrow(RangeError);
});

it('the budget holds and every chunk ends, whatever the order of grants and settlements', () => {
  for (let seed = 0; seed < 500; seed++) {
    const { budget, chunks, most } = simulate(seed);
    const left = { calls: budget.calls - spentBy(chunks, 'calls'), micros: budget.micros - spentBy(chunks, 'micros') };
    const lacking = chunks.some((chunk) => !chunk.complete);
    expect({
      seed,
      calls: most.calls <= budget.calls,
      micros: most.micros <= budget.micros,
      // Nothing that would pay for a call is left over while a chunk lacks some.
      wasted: lacking && left.calls >= 1 && left.micros >= WORST,
    }).toEqual({ seed, calls: true, micros: true, wasted: false });
  }
});

/** Twelve chunks that are advanced at random until all have ended; `most` is the most that was spent or reserved at a time. */
function simulate(seed: number) {
  const random = generator(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const calls = below(4) === 0 ? null : below(400);
  const micros = below(4) === 0 ? null : below(40_000);
  const ledger = new GrantLedger({ calls, micros });
  const chunks = Array.from({ length: 12 }, (_, number) => new SimulatedChunk(number, 5 + below(40), random));
  const most = { calls: 0, micros: 0 };
  let waits = 0;
  for (let open = chunks; open.length > 0; open = chunks.filter((chunk) => !chunk.ended)) {
    waits = (open[below(open.length)] as SimulatedChunk).advance(ledger) ? 0 : waits + 1;
    if (waits > 2000) throw new Error(`seed ${seed}: every chunk waits and none ends`);
    most.calls = Math.max(most.calls, heldBy(chunks, 'calls'));
    most.micros = Math.max(most.micros, heldBy(chunks, 'micros'));
  }
  const budget = { calls: calls ?? Number.POSITIVE_INFINITY, micros: micros ?? Number.POSITIVE_INFINITY };
  return { budget, chunks, most };
}

const WORST = 100;

/** A chunk as the activity behaves: asks while a call at its worst price fits into the grant, pays less than that. */
class SimulatedChunk {
  spent: { calls: number; micros: number } = { calls: 0, micros: 0 };
  grant: Grant | null = null;
  ended = false;
  private readonly need: Need;
  private left: number;

  constructor(
    private readonly number: number,
    calls: number,
    private readonly random: () => number,
  ) {
    this.need = { calls, worstCallMicros: WORST };
    // Some calls have to be repeated, up to the double.
    this.left = calls + Math.floor(random() * calls);
  }

  get complete(): boolean {
    return this.left === 0;
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
    while (this.left > 0 && this.fits(this.grant)) {
      this.spent = { calls: this.spent.calls + 1, micros: this.spent.micros + Math.ceil(this.random() * WORST) };
      this.left--;
    }
    ledger.settle(this.number, this.spent satisfies Spending);
    this.grant = null;
    this.ended = this.complete;
    return true;
  }

  private fits(grant: Grant): boolean {
    const calls = grant.calls === null || this.spent.calls < grant.calls;
    return calls && (grant.micros === null || this.spent.micros + WORST <= grant.micros);
  }
}

function spentBy(chunks: readonly SimulatedChunk[], currency: 'calls' | 'micros'): number {
  return chunks.reduce((sum, chunk) => sum + chunk.spent[currency], 0);
}

/** Spent or reserved: a grant covers what its chunk has spent. */
function heldBy(chunks: readonly SimulatedChunk[], currency: 'calls' | 'micros'): number {
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
