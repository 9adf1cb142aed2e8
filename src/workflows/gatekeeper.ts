/** The gates as the root workflow keeps them: takes decisions from signals and the update, waits for people, reminds. */
import { ApplicationFailure, condition, patched, setHandler } from '@temporalio/workflow';
import {
  type DecisionById,
  FailureType,
  type GateDecision,
  type GateName,
  type GateOutcome,
  type PreparedRun,
  ReviewNews,
  reviewWorkflowId,
} from '../contracts/index.js';
import { finalFailure, messageOf } from './failures.js';
import { decisionInWords } from './findings.js';
import { Gates, type LabelActions, REVISION_EXAMPLE, readSignal, readUpdate } from './gates.js';
import {
  approveSignal,
  decideUpdate,
  rejectSignal,
  remindedSignal,
  reviewNewsSignal,
  reviseSignal,
} from './messages.js';
import { HOUR_MS, remindedWait, reminders } from './reminded-wait.js';
import type { RunReport, Shown } from './run-report.js';

/** What a decision may do to the labels. */
export interface ChangeLabels extends Pick<LabelActions, 'revise'> {
  /** Applies a file of corrections and returns what the gate shows then. Throws when the file can't be used. */
  readonly correct: (corrections: string, reviewer: string) => Promise<Shown>;
}

export class Gatekeeper {
  private readonly gates: Gates;

  /** approveAs: nobody is waited for; under this name all passes whose checks pass. carried: decisions that were taken before
   *  the run continued as new. */
  constructor(
    private readonly report: RunReport,
    private readonly approveAs: string | null,
    carried: readonly DecisionById[],
  ) {
    this.gates = new Gates(carried);
  }

  /** To carry over. */
  get decisions(): DecisionById[] {
    return this.gates.decisions;
  }

  listen(): void {
    setHandler(approveSignal, (payload) => this.onSignal('approve', payload), {
      description: 'Approve the open gate: {"gate":"labels","reviewer":"ana"}',
    });
    setHandler(rejectSignal, (payload) => this.onSignal('reject', payload), {
      description: 'Reject at the open gate: {"gate":"labels","reviewer":"ana","note":"too many errors"}',
    });
    setHandler(reviseSignal, (payload) => this.onSignal('revise', payload), {
      description: `Ask the teacher again with another guideline, at the gate labels: ${REVISION_EXAMPLE}`,
    });
    setHandler(decideUpdate, (payload) => this.onUpdate(payload), {
      description: 'Decide, and get the answer: {"gate":"labels","decision":"approve","reviewer":"ana","note":"..."}',
      validator: (payload) => {
        const read = readUpdate(payload);
        const problem = read.ok ? this.gates.problemWith(read.decision) : read.problem;
        if (problem !== null) throw ApplicationFailure.nonRetryable(problem, FailureType.InvalidInput);
      },
    });
    setHandler(remindedSignal, (reminders) => this.report.reminded(reminders));
    setHandler(reviewNewsSignal, (news) => {
      const { data } = ReviewNews.safeParse(news);
      if (data !== undefined) this.report.reviewed(data);
    });
  }

  /** Waits for the gate's decision: to approve, or to revise. change: null where nothing can be changed. Throws a rejection. */
  async pass(gate: GateName, prepared: PreparedRun, shown: Shown, change: ChangeLabels | null): Promise<GateOutcome> {
    const outcome = this.isAutomatic(gate, prepared)
      ? this.gates.decideAutomatically(gate, shown.checks, this.approveAs ?? 'automatic', new Date())
      : await this.waitForPerson(gate, prepared, shown, change);
    this.report.decided(gate, outcome);
    if (outcome.decision !== 'reject') return outcome;
    throw ApplicationFailure.nonRetryable(`gate "${gate}": ${decisionInWords(outcome)}`, FailureType.Rejected);
  }

  /** Whether nobody is waited for at the gate. */
  isAutomatic(gate: GateName, prepared: PreparedRun): boolean {
    return this.approveAs !== null || prepared.gates[gate].approval === 'auto';
  }

  private async waitForPerson(
    gate: GateName,
    prepared: PreparedRun,
    shown: Shown,
    change: ChangeLabels | null,
  ): Promise<GateOutcome> {
    const { afterDeadline, deadlineHours } = prepared.gates[gate];
    const deadlineMs = deadlineHours * HOUR_MS;
    const deadline = new Date(Date.now() + deadlineMs);
    const actions = change && {
      labels: prepared.labels,
      revise: change.revise,
      correct: async (corrections: string, reviewer: string) => {
        const corrected = await change.correct(corrections, reviewer);
        this.report.waitingFor(gate, corrected, deadline, afterDeadline);
        return corrected.checks;
      },
    };
    const approveCommand = this.report.waitingFor(gate, shown, deadline, afterDeadline);
    this.gates.openGate(gate, shown.checks, actions);
    const input = { gate, task: prepared.taskName, evidence: shown.evidence, deadlineMs, approveCommand };
    const decided = () => this.gates.decided(gate) !== undefined;
    const wait = async () => {
      try {
        await condition(decided, deadline.getTime() - Date.now());
        // Corrections and revisions that came in time count.
        await condition(() => !this.gates.busy);
        return this.gates.decided(gate) ?? this.gates.expire(gate, afterDeadline, new Date());
      } finally {
        this.gates.closeGate();
      }
    };
    const workflowId = reviewWorkflowId(this.report.progress.workflowId, gate);
    return remindedWait(workflowId, { ...input, ...reminders(prepared.gates[gate]) }, { wait, decided });
  }

  /** Does not throw: the failure of a signal's handler would end the run at once, without settling it. */
  private async onSignal(decision: GateDecision['decision'], payload: unknown): Promise<void> {
    try {
      const read = readSignal(decision, payload);
      const problem = read.ok ? this.gates.problemWith(read.decision) : read.problem;
      if (!read.ok || problem !== null) return this.report.ignore(`signal ${decision}: ${problem}`);
      // Runs of releases that knew no revision may have such a signal in their histories.
      if (decision === 'revise' && !patched('revise')) return;
      await this.gates.decide(read.decision, () => new Date());
    } catch (error) {
      this.report.ignore(`signal ${decision}: ${messageOf(error)}`);
    }
  }

  private async onUpdate(payload: unknown): Promise<GateOutcome> {
    const read = readUpdate(payload);
    if (!read.ok) throw ApplicationFailure.nonRetryable(read.problem, FailureType.InvalidInput);
    try {
      return await this.gates.decide(read.decision, () => new Date());
    } catch (error) {
      throw finalFailure(error, null);
    }
  }
}
