/** The budget as the root workflow keeps it: takes decisions on it from the update and the signal raiseBudget, and waits for
 *  one when it is used up. */
import { condition, setHandler } from '@temporalio/workflow';
import type { BudgetOutcome, PreparedRun, RunBudgetState, ShardBudget, Spending } from '../contracts/index.js';
import { addCounts, spendingOf } from '../voting/index.js';
import { messageOf } from './failures.js';
import { raiseBudgetSignal, raiseBudgetUpdate } from './messages.js';
import { remindedWait, reminders } from './reminded-wait.js';
import { type AskedSoFar, type ReadBudgetDecision, RunBudget, readBudgetDecision, refusal } from './run-budget.js';
import type { RunReport } from './run-report.js';

const EXAMPLE = '{"usd":5,"reviewer":"ana"} or {"goOn":true,"reviewer":"ana"}';

interface Opened {
  readonly budget: RunBudget;
  readonly prepared: PreparedRun;
}

export class BudgetKeeper {
  private opened: Opened | null = null;
  private closed = false;

  /** onDecision: the open shard is to hear of it. */
  constructor(
    private readonly report: RunReport,
    private readonly onDecision: () => Promise<void>,
  ) {}

  listen(): void {
    setHandler(raiseBudgetSignal, (payload) => this.onSignal(payload), {
      description: `Raise the budget, or go on with the labels there are: ${EXAMPLE}`,
    });
    setHandler(raiseBudgetUpdate, (payload) => this.onUpdate(payload), {
      description: `Raise the budget, or go on with the labels there are, and get the answer: ${EXAMPLE}`,
      validator: (payload) => {
        const read = this.read(payload);
        if (!read.ok) throw refusal(read.problem);
      },
    });
  }

  /** From here on the budget can be raised. carried: where the run has continued as new. */
  open(prepared: PreparedRun, carried: RunBudgetState | null): void {
    const budget = carried === null ? RunBudget.of(prepared) : RunBudget.carried(carried);
    this.opened = { budget, prepared };
    this.report.budget({ limits: budget.state.limits, decisions: budget.decisions, waiting: null });
  }

  /** Nothing is spent any more. */
  close(): void {
    this.closed = true;
  }

  get state(): RunBudgetState {
    return this.atHand.budget.state;
  }

  shardPart(spentBefore: Spending): ShardBudget {
    return this.atHand.budget.shardPart(spentBefore);
  }

  /** What the open shard says: whether it has nothing left for a chunk, as of a version of its budget. */
  heard({ usedUp, version }: { usedUp: boolean; version: number }): void {
    const { budget } = this.atHand;
    // It may not have heard of the last decision yet.
    if (version === budget.version) budget.usedUp = usedUp;
  }

  /** What it has not spent is the next one's. */
  shardEnded(): void {
    this.atHand.budget.usedUp = false;
  }

  get usedUp(): boolean {
    return this.opened?.budget.usedUp ?? false;
  }

  /** Waits for a person whenever a decision is needed. Ends with the scope it runs in. */
  async attend(askedSoFar: () => AskedSoFar): Promise<never> {
    const { budget } = this.atHand;
    for (;;) {
      await condition(() => budget.needsDecision);
      await this.waitForPerson(this.atHand, askedSoFar());
    }
  }

  private async waitForPerson({ budget, prepared }: Opened, asked: AskedSoFar): Promise<void> {
    const deadlineMs = prepared.budgetDeadlineMs ?? 0;
    const deadline = new Date(Date.now() + deadlineMs);
    const { annotation, gold, texts, workflowId } = this.report.progress;
    const spent = spendingOf(addCounts(annotation, gold));
    const suggested = budget.suggestion(spent, texts, asked);
    const shown = this.report.waitingForBudget(suggested, deadline);
    const decided = () => !budget.needsDecision;
    const wait = async () => {
      if (!(await condition(decided, deadlineMs))) await this.settled(budget.expire(new Date()));
    };
    const input = {
      gate: 'budget',
      task: prepared.taskName,
      deadlineMs,
      ...shown,
      ...reminders(prepared.gates.labels),
    };
    try {
      await remindedWait(`${workflowId}.review-budget`, input, { wait, decided });
    } finally {
      this.report.budget({ limits: budget.state.limits, decisions: budget.decisions, waiting: null });
    }
  }

  private read(payload: unknown): ReadBudgetDecision {
    if (this.opened === null) return { ok: false, problem: 'the budget is not known yet: the run is being prepared' };
    if (this.closed)
      return {
        ok: false,
        problem: 'the budget: all texts have been asked about, and the labels are approved; nothing more is spent',
      };
    const read = readBudgetDecision(payload);
    const problem = read.ok ? this.opened.budget.problemWith(read.decision) : null;
    return problem === null ? read : { ok: false, problem };
  }

  /** Does not throw: the failure of a signal's handler would end the run at once, without settling it. */
  private async onSignal(payload: unknown): Promise<void> {
    try {
      await this.decide(payload);
    } catch (error) {
      this.report.ignore(`signal raiseBudget: ${messageOf(error)}`);
    }
  }

  private onUpdate(payload: unknown): Promise<BudgetOutcome> {
    return this.decide(payload);
  }

  private async decide(payload: unknown): Promise<BudgetOutcome> {
    const read = this.read(payload);
    if (!read.ok) throw refusal(read.problem);
    const outcome = this.atHand.budget.decide(read.decision, new Date());
    await this.settled(outcome);
    return outcome;
  }

  private async settled(outcome: BudgetOutcome): Promise<void> {
    const { budget } = this.atHand;
    this.report.budget({ limits: outcome.limits, decisions: budget.decisions, waiting: null });
    await this.onDecision();
  }

  private get atHand(): Opened {
    if (this.opened === null) throw new RangeError('the budget is asked for before the run was prepared');
    return this.opened;
  }
}
