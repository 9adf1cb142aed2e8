/** The gates of a run: which one is open, who may pass it, and what was decided. The root owns the decisions. */
import { ApplicationFailure } from '@temporalio/workflow';
import {
  FailureType,
  type GateCheck,
  GateDecision,
  type GateName,
  type GateOutcome,
  parseOrExplain,
} from '../contracts/index.js';

/** Applies a file of corrections and returns the checks of the corrected labels. Throws when the file can't be used. */
export type ApplyCorrections = (corrections: string, reviewer: string) => Promise<GateCheck[]>;

interface OpenGate {
  readonly gate: GateName;
  checks: GateCheck[];
  readonly applyCorrections: ApplyCorrections | null;
}

export class Gates {
  readonly outcomes: Partial<Record<GateName, GateOutcome>> = {};
  private open: OpenGate | null = null;
  private deciding = false;
  private readonly byId = new Map<string, GateOutcome>();

  /** From here to the decision, `decide` and the signals count for this gate. */
  openGate(gate: GateName, checks: GateCheck[], applyCorrections: ApplyCorrections | null): void {
    this.open = { gate, checks, applyCorrections };
  }

  closeGate(): void {
    this.open = null;
  }

  /** Why a decision can't be taken now, or null. Synchronous: it also validates the update. */
  problemWith(value: unknown): string | null {
    const parsed = parseOrExplain(GateDecision, value ?? {});
    if (!parsed.ok) {
      return `${parsed.problems}\nFor example: {"gate":"labels","decision":"approve","reviewer":"ana"}`;
    }
    const decision = parsed.value;
    if (decision.decisionId !== null && this.byId.has(decision.decisionId)) return null;
    if (this.outcomes[decision.gate] !== undefined) {
      return `the gate "${decision.gate}" was decided already: ${this.outcomes[decision.gate]?.decision} by ${this.outcomes[decision.gate]?.reviewer}`;
    }
    if (this.open?.gate !== decision.gate) {
      const now = this.open === null ? 'no gate is open now' : `the open gate is "${this.open.gate}"`;
      return `the gate "${decision.gate}" is not open; ${now}`;
    }
    if (this.deciding) return `the corrections of another decision are being read; try again in a moment`;
    if (decision.corrections !== null && this.open.applyCorrections === null) {
      return `corrections: the gate "${decision.gate}" takes none; send them with the decision on "labels"`;
    }
    // With corrections the checks may pass afterwards.
    const failed = decision.corrections === null ? failedChecks(this.open.checks) : [];
    if (decision.decision === 'approve' && failed.length > 0 && decision.note === '') {
      return `these checks failed: ${failed.join(', ')}. Approving against them needs a note that says why`;
    }
    return null;
  }

  /** Takes a decision that problemWith has nothing against. Throws when its corrections can't be used: the gate stays open. */
  async decide(value: unknown, now: Date): Promise<GateOutcome> {
    const decision = GateDecision.parse(value);
    const known = decision.decisionId === null ? undefined : this.byId.get(decision.decisionId);
    if (known !== undefined) return known;
    const open = this.open;
    if (open === null) throw ApplicationFailure.nonRetryable('no gate is open', FailureType.InvalidInput);
    if (decision.corrections !== null && decision.decision === 'approve' && open.applyCorrections !== null) {
      this.deciding = true;
      try {
        open.checks = await open.applyCorrections(decision.corrections, decision.reviewer);
      } finally {
        this.deciding = false;
      }
      const failed = failedChecks(open.checks);
      if (failed.length > 0 && decision.note === '') {
        throw ApplicationFailure.nonRetryable(
          `the corrections are in, but these checks still fail: ${failed.join(', ')}. Approving against them needs a note that says why`,
          FailureType.InvalidInput,
        );
      }
    }
    const { gate, reviewer, note, corrections } = decision;
    return this.record(
      gate,
      {
        decision: decision.decision,
        reviewer,
        note,
        automatic: false,
        at: now.toISOString(),
        corrections,
        checks: open.checks,
      },
      decision.decisionId,
    );
  }

  /** Approves if every check passes, else rejects. */
  decideAutomatically(gate: GateName, checks: GateCheck[], reviewer: string, now: Date): GateOutcome {
    const failed = failedChecks(checks);
    return this.record(
      gate,
      {
        decision: failed.length === 0 ? 'approve' : 'reject',
        reviewer,
        note: failed.length === 0 ? 'all checks passed' : `failed: ${failed.join(', ')}`,
        automatic: true,
        at: now.toISOString(),
        corrections: null,
        checks,
      },
      null,
    );
  }

  expire(gate: GateName, now: Date): GateOutcome {
    const checks = this.open?.checks ?? [];
    return this.record(
      gate,
      {
        decision: 'reject',
        reviewer: 'deadline',
        note: 'nobody decided before the deadline',
        automatic: true,
        at: now.toISOString(),
        corrections: null,
        checks,
      },
      null,
    );
  }

  private record(gate: GateName, outcome: GateOutcome, decisionId: string | null): GateOutcome {
    this.outcomes[gate] = outcome;
    if (decisionId !== null) this.byId.set(decisionId, outcome);
    return outcome;
  }
}

function failedChecks(checks: readonly GateCheck[]): string[] {
  return checks.filter((check) => !check.passed).map((check) => check.name);
}
