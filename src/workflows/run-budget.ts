/** The budget of a run, and what people decided of it. The root owns it; the open shard is told. Pure. */
import { ApplicationFailure } from '@temporalio/workflow';
import {
  BudgetDecision,
  type BudgetOutcome,
  Currency,
  FailureType,
  type Grant,
  type PreparedRun,
  type Progress,
  parseOrExplain,
  type RunBudgetState,
  type ShardBudget,
  type Spending,
} from '../contracts/index.js';
import { grantOf, inEach, leftOf } from '../voting/index.js';

export type ReadBudgetDecision = { ok: true; decision: BudgetDecision } | { ok: false; problem: string };

/** What is being asked, and what it has come to so far. */
export interface AskedSoFar {
  readonly prepared: PreparedRun;
  readonly spent: Spending;
}

const NAMES: Readonly<Record<Currency, 'usd' | 'calls' | 'tokens'>> = {
  calls: 'calls',
  tokens: 'tokens',
  micros: 'usd',
};
const MICROS_PER_USD = 1e6;
const CENTS_PER_USD = 100;

export function readBudgetDecision(payload: unknown): ReadBudgetDecision {
  const parsed = parseOrExplain(BudgetDecision, payload ?? {});
  if (parsed.ok) return { ok: true, decision: parsed.value };
  return { ok: false, problem: `${parsed.problems}\nFor example: {"usd":5,"reviewer":"ana"}` };
}

export class RunBudget {
  /** The shard that is open has nothing left to give its chunks. */
  usedUp = false;
  private limits: Grant;
  private waits: boolean;
  private readonly outcomes: RunBudgetState['outcomes'];

  private constructor(state: RunBudgetState) {
    this.limits = state.limits;
    this.waits = state.waits;
    this.outcomes = [...state.outcomes];
  }

  static of({ budget, budgetDeadlineMs }: PreparedRun): RunBudget {
    return new RunBudget({ limits: budget, waits: typeof budgetDeadlineMs === 'number', outcomes: [] });
  }

  static carried(state: RunBudgetState): RunBudget {
    return new RunBudget(state);
  }

  /** To carry over. */
  get state(): RunBudgetState {
    return { limits: this.limits, waits: this.waits, outcomes: this.outcomes };
  }

  get decisions(): BudgetOutcome[] {
    return this.outcomes.map(({ outcome }) => outcome);
  }

  /** Counts the decisions. */
  get version(): number {
    return this.outcomes.length;
  }

  /** The run is to wait for a decision now. */
  get needsDecision(): boolean {
    return this.usedUp && this.waits;
  }

  /** Of a shard, where the shards before it have spent so much. */
  shardPart(spentBefore: Spending): ShardBudget {
    return { version: this.version, limits: leftOf(this.limits, spentBefore), waits: this.waits };
  }

  /** Why a decision can't be taken now, or null. Synchronous: it also validates the update. */
  problemWith(decision: BudgetDecision): string | null {
    const { decisionId, goOn } = decision;
    const known = this.outcomeOf(decisionId);
    if (known !== undefined) {
      if (JSON.stringify([known.added, known.goOn]) === JSON.stringify([addedBy(decision), goOn])) return null;
      return `decisionId: ${JSON.stringify(decisionId)} was used for another decision on the budget; give each its own`;
    }
    if (goOn) return this.needsDecision ? null : 'goOn: the run does not wait for budget now';
    for (const currency of Currency.options) {
      const name = NAMES[currency];
      if (decision[name] !== null && this.limits[currency] === null) {
        return `${name}: the run has no limit in ${name} that could be raised`;
      }
    }
    return null;
  }

  /** Takes a decision that problemWith has nothing against. */
  decide(decision: BudgetDecision, now: Date): BudgetOutcome {
    const { decisionId, goOn, note, reviewer } = decision;
    const known = this.outcomeOf(decisionId);
    if (known !== undefined) return known;
    const more = grantOf(decision);
    this.limits = inEach((currency) => {
      const limit = this.limits[currency];
      return limit === null ? null : limit + (more[currency] ?? 0);
    });
    // Whoever adds some wants to be asked again when that is used up, too.
    this.waits = !goOn;
    this.usedUp = false;
    const outcome = { added: addedBy(decision), goOn, reviewer, note, at: now.toISOString(), limits: this.limits };
    this.outcomes.push({ decisionId, outcome });
    return outcome;
  }

  /** Goes on with the labels there are, since nobody decided in time. */
  expire(now: Date): BudgetOutcome {
    const note = 'nobody decided before the deadline';
    return this.decide(BudgetDecision.parse({ goOn: true, reviewer: 'deadline', note }), now);
  }

  /** About what the texts that are left would take: as much for each as those before have, in every limited currency that
   *  has not so much left. Nothing is known before the first text: the worst is taken. */
  suggestion(spent: Spending, { done, total }: Progress['texts'], asked: AskedSoFar) {
    const { votesPerText, worstCall } = asked.prepared;
    const left = leftOf(this.limits, spent);
    const suggested: Partial<Record<'usd' | 'calls' | 'tokens', number>> = {};
    for (const currency of Currency.options) {
      const has = left[currency];
      if (has === null) continue;
      const perText = done > 0 ? (asked.spent[currency] ?? 0) / done : votesPerText * (worstCall[currency] ?? 0);
      const lacking = Math.max(perText * (total - done), worstCall[currency] ?? 0) - has;
      if (lacking <= 0) continue;
      suggested[NAMES[currency]] =
        currency === 'micros'
          ? Math.ceil((lacking / MICROS_PER_USD) * CENTS_PER_USD) / CENTS_PER_USD
          : Math.ceil(lacking);
    }
    return suggested;
  }

  private outcomeOf(decisionId: string | null): BudgetOutcome | undefined {
    if (decisionId === null) return undefined;
    return this.outcomes.find((each) => each.decisionId === decisionId)?.outcome;
  }
}

export function refusal(problem: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(problem, FailureType.InvalidInput);
}

function addedBy({ usd, calls, tokens }: BudgetDecision): BudgetOutcome['added'] {
  return { usd: usd ?? 0, calls: calls ?? 0, tokens: tokens ?? 0 };
}
