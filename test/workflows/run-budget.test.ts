import { BudgetDecision, type Grant, MOST_BUDGET, RunBudgetState } from '../../src/contracts/index.js';
import { NO_LIMIT, NOTHING_SPENT } from '../../src/voting/index.js';
import { RunBudget, readBudgetDecision } from '../../src/workflows/run-budget.js';
import { preparedRun } from './prepared-run.js';

const NOW = new Date('2026-01-02T03:04:05Z');

function budgetOf(limits: Partial<Grant>, budgetDeadlineMs: number | null = 1000): RunBudget {
  return RunBudget.of(preparedRun('run', { budget: { ...NO_LIMIT, ...limits }, budgetDeadlineMs }));
}

function decision(payload: Record<string, unknown>): BudgetDecision {
  return BudgetDecision.parse({ reviewer: 'ana', ...payload });
}

describe('a raise', () => {
  it('adds dollars, calls and tokens, each to its own limit', () => {
    const budget = budgetOf({ calls: 10, tokens: 100, micros: 2_000_000 });
    const outcome = budget.decide(decision({ usd: 0.5, calls: 3, tokens: 20 }), NOW);
    expect(outcome).toEqual({
      added: { usd: 0.5, calls: 3, tokens: 20 },
      goOn: false,
      reviewer: 'ana',
      note: '',
      at: '2026-01-02T03:04:05.000Z',
      limits: { calls: 13, tokens: 120, micros: 2_500_000 },
    });
  });

  it('is the open shard’s less what the shards before it have spent', () => {
    const budget = budgetOf({ calls: 10 });
    budget.decide(decision({ calls: 5 }), NOW);
    expect(budget.shardPart({ calls: 8, tokens: 1, micros: 1 })).toEqual({
      version: 1,
      limits: { ...NO_LIMIT, calls: 7 },
      waits: true,
    });
  });

  it('counts once when it is sent again with its decisionId', () => {
    const budget = budgetOf({ calls: 10 });
    const twice = decision({ calls: 5, decisionId: 'a' });
    const first = budget.decide(twice, NOW);
    expect(budget.problemWith(twice)).toBeNull();
    expect(budget.decide(twice, new Date())).toBe(first);
    expect(budget.state.limits.calls).toBe(15);
    expect(budget.problemWith(decision({ calls: 6, decisionId: 'a' }))).toContain('was used for another decision');
  });

  it('still counts once after it was carried over', () => {
    const before = budgetOf({ calls: 10 });
    before.decide(decision({ calls: 5, decisionId: 'a' }), NOW);
    const after = RunBudget.carried(JSON.parse(JSON.stringify(before.state)));
    after.decide(decision({ calls: 5, decisionId: 'a' }), NOW);
    expect(after.state).toEqual(before.state);
  });

  it('is refused where a limit would be more than its way to the shard keeps: JSON knows no infinity', () => {
    for (const [currency, most] of Object.entries(MOST_BUDGET)) {
      const read = (amount: number) => readBudgetDecision({ [currency]: amount, reviewer: 'ana' });
      expect(read(most * 10)).toMatchObject({ ok: false, problem: expect.stringContaining(currency) });
      expect(read(most).ok).toBe(true);
      const budget = budgetOf({ calls: 1, tokens: 1, micros: 1 });
      budget.decide(decision({ [currency]: most }), NOW);
      expect(RunBudgetState.parse(JSON.parse(JSON.stringify(budget.state)))).toEqual(budget.state);
    }
  });

  it('is refused in what has no limit', () => {
    expect(budgetOf({ calls: 10 }).problemWith(decision({ usd: 1 }))).toBe(
      'usd: the run has no limit in usd that could be raised',
    );
  });

  it('makes a run wait again that was told to go on', () => {
    const budget = budgetOf({ calls: 10 });
    budget.usedUp = true;
    budget.decide(decision({ goOn: true }), NOW);
    expect(budget.shardPart(NOTHING_SPENT).waits).toBe(false);
    budget.decide(decision({ calls: 1 }), NOW);
    expect(budget.shardPart(NOTHING_SPENT).waits).toBe(true);
  });
});

describe('the decision to go on', () => {
  it('is refused while nothing is waited for', () => {
    expect(budgetOf({ calls: 10 }).problemWith(decision({ goOn: true }))).toBe(
      'goOn: the run does not wait for budget now',
    );
  });

  it('ends the waiting, and adds nothing', () => {
    const budget = budgetOf({ calls: 10 });
    budget.usedUp = true;
    expect(budget.needsDecision).toBe(true);
    expect(budget.problemWith(decision({ goOn: true }))).toBeNull();
    expect(budget.decide(decision({ goOn: true }), NOW).limits).toEqual({ ...NO_LIMIT, calls: 10 });
    expect(budget.needsDecision).toBe(false);
  });

  it('is taken by the deadline', () => {
    const budget = budgetOf({ calls: 10 });
    budget.usedUp = true;
    expect(budget.expire(NOW)).toMatchObject({ goOn: true, reviewer: 'deadline' });
  });

  it('needs nobody where nobody is asked', () => {
    const budget = budgetOf({ calls: 10 }, null);
    budget.usedUp = true;
    expect(budget.needsDecision).toBe(false);
  });
});

describe('a payload', () => {
  it.each([
    ['nothing to add', { reviewer: 'ana' }],
    ['both', { calls: 1, goOn: true, reviewer: 'ana' }],
    ['less than nothing', { calls: -1, reviewer: 'ana' }],
    ['half a call', { calls: 0.5, reviewer: 'ana' }],
    ['no name', { calls: 1 }],
    ['an unknown key', { dollars: 1, reviewer: 'ana' }],
    ['nothing at all', undefined],
  ])('with %s is refused, with an example', (_, payload) => {
    const read = readBudgetDecision(payload);
    expect(read).toMatchObject({ ok: false, problem: expect.stringContaining('For example: {"usd":5') });
  });
});

describe('what is suggested', () => {
  it('is what the texts that are left would take, by those before, less what is left', () => {
    const budget = budgetOf({ calls: 100, micros: 1000 });
    // 30 of 40 texts took 90 calls and 900 micro-dollars: 10 more take 30 and 300, of which 10 and 100 are left.
    const spent = { calls: 90, tokens: 9000, micros: 900 };
    const asked = { prepared: preparedRun('run'), spent };
    expect(budget.suggestion(spent, { done: 30, total: 40 }, asked)).toEqual({ calls: 20, usd: 0.01 });
  });

  it('goes by the texts that are asked about, not by what was spent on others before', () => {
    // 2 of 5 texts of a revision took 6 of the 90 calls: 3 more take 9, of which 4 are left.
    const spent = { calls: 96, tokens: 9600, micros: 960 };
    const asked = { prepared: preparedRun('run'), spent: { calls: 6, tokens: 600, micros: 60 } };
    expect(budgetOf({ calls: 100 }).suggestion(spent, { done: 2, total: 5 }, asked)).toEqual({ calls: 5 });
  });

  it('is the worst where no text is done', () => {
    const asked = { prepared: preparedRun('run'), spent: NOTHING_SPENT };
    const suggested = budgetOf({ tokens: 500 }).suggestion(NOTHING_SPENT, { done: 0, total: 2 }, asked);
    // Two texts of three votes at 1,000 tokens.
    expect(suggested).toEqual({ tokens: 5500 });
  });
});
