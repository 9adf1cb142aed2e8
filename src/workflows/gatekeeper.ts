/** The gates as the root workflow keeps them: takes decisions from signals and the update, waits for people, reminds. */
import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import {
  FailureType,
  type GateDecision,
  type GateName,
  type GateOutcome,
  type PreparedRun,
} from '../contracts/index.js';
import { finalFailure, messageOf } from './failures.js';
import { decisionInWords } from './findings.js';
import { Gates, readSignal, readUpdate } from './gates.js';
import { approveSignal, decideUpdate, rejectSignal, remindedSignal } from './messages.js';
import { HOUR_MS, remindedWait, reminders } from './reminded-wait.js';
import type { RunReport, Shown } from './run-report.js';

/** Applies a file of corrections and returns what the gate shows then. Throws when the file can't be used. */
export type Correct = (corrections: string, reviewer: string) => Promise<Shown>;

export class Gatekeeper {
  private readonly gates = new Gates();

  /** approveAs: nobody is waited for; under this name all passes whose checks pass. */
  constructor(
    private readonly report: RunReport,
    private readonly approveAs: string | null,
  ) {}

  listen(): void {
    setHandler(approveSignal, (payload) => this.onSignal('approve', payload), {
      description: 'Approve the open gate: {"gate":"labels","reviewer":"ana"}',
    });
    setHandler(rejectSignal, (payload) => this.onSignal('reject', payload), {
      description: 'Reject at the open gate: {"gate":"labels","reviewer":"ana","note":"too many errors"}',
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
  }

  /** Waits for the gate's decision. correct: null where the gate takes no corrections. Throws a rejection. */
  async pass(gate: GateName, prepared: PreparedRun, shown: Shown, correct: Correct | null): Promise<GateOutcome> {
    const outcome = this.isAutomatic(gate, prepared)
      ? this.gates.decideAutomatically(gate, shown.checks, this.approveAs ?? 'automatic', new Date())
      : await this.waitForPerson(gate, prepared, shown, correct);
    this.report.decided(gate, outcome);
    if (outcome.decision === 'approve') return outcome;
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
    correct: Correct | null,
  ): Promise<GateOutcome> {
    const { afterDeadline, deadlineHours } = prepared.gates[gate];
    const deadlineMs = deadlineHours * HOUR_MS;
    const deadline = new Date(Date.now() + deadlineMs);
    const applyCorrections = async (corrections: string, reviewer: string) => {
      const corrected = await (correct as Correct)(corrections, reviewer);
      this.report.waitingFor(gate, corrected, deadline, afterDeadline);
      return corrected.checks;
    };
    const approveCommand = this.report.waitingFor(gate, shown, deadline, afterDeadline);
    this.gates.openGate(gate, shown.checks, correct && applyCorrections);
    const input = { gate, task: prepared.taskName, evidence: shown.evidence, deadlineMs, approveCommand };
    const decided = () => this.gates.outcomes[gate] !== undefined;
    const wait = async () => {
      try {
        await condition(decided, deadline.getTime() - Date.now());
        // Corrections that came in time count.
        await condition(() => !this.gates.busy);
        return this.gates.outcomes[gate] ?? this.gates.expire(gate, afterDeadline, new Date());
      } finally {
        this.gates.closeGate();
      }
    };
    const workflowId = `${this.report.progress.workflowId}.review-${gate}`;
    return remindedWait(workflowId, { ...input, ...reminders(prepared.gates[gate]) }, { wait, decided });
  }

  /** Does not throw: the failure of a signal's handler would end the run at once, without settling it. */
  private async onSignal(decision: GateDecision['decision'], payload: unknown): Promise<void> {
    try {
      const read = readSignal(decision, payload);
      const problem = read.ok ? this.gates.problemWith(read.decision) : read.problem;
      if (!read.ok || problem !== null) return this.report.ignore(`signal ${decision}: ${problem}`);
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
