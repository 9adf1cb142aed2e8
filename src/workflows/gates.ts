/** The gates of a run: which one is open, who may pass it, and what was decided. The root owns the decisions. */
import { ApplicationFailure } from '@temporalio/workflow';
import {
  type DecisionById,
  type DeploymentGateSettings,
  FailureType,
  type GateCheck,
  GateDecision,
  type GateName,
  type GateOutcome,
  GateSignal,
  nearest,
  parseOrExplain,
  type RevisionPlan,
  RevisionSignal,
} from '../contracts/index.js';
import { decisionInWords } from './findings.js';

/** What a decision may do to the labels before it counts. */
export interface LabelActions {
  readonly labels: readonly string[];
  /** Applies a file of corrections and returns the checks of the corrected labels. Throws when the file can't be used. */
  readonly correct: (corrections: string, reviewer: string) => Promise<GateCheck[]>;
  /** Prepares to ask the teacher again. Throws where the revision can't be asked, or would ask nothing. */
  readonly revise: (decision: RevisionSignal) => Promise<RevisionPlan>;
}

export type ReadDecision = { ok: true; decision: GateDecision } | { ok: false; problem: string };

interface OpenGate {
  readonly gate: GateName;
  checks: GateCheck[];
  readonly actions: LabelActions | null;
}

/** The decision that a signal means. */
export function readSignal(decision: GateDecision['decision'], payload: unknown): ReadDecision {
  if (decision === 'revise') {
    const parsed = parseOrExplain(RevisionSignal, payload ?? {});
    if (parsed.ok) return { ok: true, decision: { ...parsed.value, decision, corrections: null } };
    return { ok: false, problem: `${parsed.problems}\nFor example: ${REVISION_EXAMPLE}` };
  }
  const parsed = parseOrExplain(GateSignal, payload ?? {});
  if (parsed.ok) return { ok: true, decision: { ...parsed.value, decision, revision: null } };
  return { ok: false, problem: `${parsed.problems}\nFor example: {"gate":"labels","reviewer":"ana"}` };
}

export const REVISION_EXAMPLE =
  '{"gate":"labels","reviewer":"ana","revision":{"guideline":"the whole new text","doubted":true}}';

/** The decision that an update carries. */
export function readUpdate(payload: unknown): ReadDecision {
  const parsed = parseOrExplain(GateDecision, payload ?? {});
  if (parsed.ok) return { ok: true, decision: parsed.value };
  const example = '{"gate":"labels","decision":"approve","reviewer":"ana"}';
  return { ok: false, problem: `${parsed.problems}\nFor example: ${example}` };
}

export class Gates {
  readonly outcomes: Partial<Record<GateName, GateOutcome>> = {};
  private open: OpenGate | null = null;
  private acting = false;
  private revising: GateOutcome | null = null;
  private readonly outcomesById: Map<string, DecisionById>;

  /** carried: decisions that were taken before the run continued as new. */
  constructor(carried: readonly DecisionById[] = []) {
    this.outcomesById = new Map(carried.map((decided) => [decided.decisionId, decided]));
  }

  /** To carry over. */
  get decisions(): DecisionById[] {
    return [...this.outcomesById.values()];
  }

  /** The corrections of a decision are being read, or its revision is being prepared. */
  get busy(): boolean {
    return this.acting;
  }

  /** What the open gate, or the one that was open last, came to; undefined: nothing yet. */
  decided(gate: GateName): GateOutcome | undefined {
    return this.outcomes[gate] ?? this.revising ?? undefined;
  }

  /** From here to closeGate, decisions count for this gate. */
  openGate(gate: GateName, checks: GateCheck[], actions: LabelActions | null): void {
    this.open = { gate, checks, actions };
    this.revising = null;
  }

  closeGate(): void {
    this.open = null;
  }

  /** Why a decision can't be taken now, or null. Synchronous: it also validates the update. */
  problemWith(decision: GateDecision): string | null {
    const { gate } = decision;
    const sameId = decision.decisionId === null ? undefined : this.outcomesById.get(decision.decisionId);
    if (sameId !== undefined) {
      if (sameId.gate === gate && sameId.outcome.decision === decision.decision) return null;
      return `decisionId: ${JSON.stringify(decision.decisionId)} was used for "${sameId.outcome.decision}" at the gate "${sameId.gate}"; give each decision its own`;
    }
    const decided = this.outcomes[gate];
    if (decided !== undefined) {
      return `the gate "${gate}" was decided already: ${decisionInWords(decided)}`;
    }
    if (this.revising !== null) {
      return `the gate "${gate}" is closed while the teacher is asked again for the revision of ${this.revising.reviewer}; it opens anew`;
    }
    if (this.open?.gate !== gate) {
      const now = this.open === null ? 'no gate is open now' : `the open gate is "${this.open.gate}"`;
      return `the gate "${gate}" is not open; ${now}`;
    }
    if (this.acting) return 'another decision is being read; try again in a moment';
    return (
      problemWithCorrections(decision, this.open) ??
      problemWithRevision(decision, this.open) ??
      problemWithoutNote(decision, this.open.checks)
    );
  }

  /** Takes a decision that problemWith has nothing against. Throws when its corrections can't be used, or do not mend the
   *  checks and no note says why it should pass all the same: the gate stays open. */
  async decide(decision: GateDecision, now: () => Date): Promise<GateOutcome> {
    const { corrections, decisionId, gate, note, reviewer } = decision;
    const known = decisionId === null ? undefined : this.outcomesById.get(decisionId);
    if (known !== undefined) return known.outcome;
    const { open } = this;
    if (open?.gate !== gate) throw refusal(`the gate "${gate}" is not open`);
    const { actions } = open;
    if (decision.revision !== null && actions !== null)
      return this.revise({ ...decision, revision: decision.revision }, actions, now);
    if (corrections !== null && actions !== null) {
      open.checks = await this.act(() => actions.correct(corrections, reviewer));
      const problem = problemWithoutNote({ ...decision, corrections: null }, open.checks);
      if (problem !== null) throw refusal(`the corrections are in, but ${problem}`);
    }
    const { checks } = open;
    const outcome = this.record(gate, { decision: decision.decision, reviewer, note, corrections, checks }, now());
    return this.remember(decisionId, gate, outcome);
  }

  private async revise(
    decision: GateDecision & RevisionSignal,
    { revise }: LabelActions,
    now: () => Date,
  ): Promise<GateOutcome> {
    const { decisionId, gate, note, reviewer, revision: asked } = decision;
    const revision = await this.act(() => revise({ gate, reviewer, note, decisionId, revision: asked }));
    const checks = this.open?.checks ?? [];
    this.revising = {
      ...{ decision: 'revise', reviewer, note, automatic: false, at: now().toISOString() },
      ...{ corrections: null, checks, revision },
    };
    return this.remember(decisionId, gate, this.revising);
  }

  private async act<Result>(action: () => Promise<Result>): Promise<Result> {
    this.acting = true;
    try {
      return await action();
    } finally {
      this.acting = false;
    }
  }

  private remember(decisionId: string | null, gate: GateName, outcome: GateOutcome): GateOutcome {
    if (decisionId !== null) this.outcomesById.set(decisionId, { decisionId, gate, outcome });
    return outcome;
  }

  /** Approves if every check passes, else rejects. */
  decideAutomatically(gate: GateName, checks: GateCheck[], reviewer: string, now: Date): GateOutcome {
    const failed = failedChecks(checks);
    const passed = failed.length === 0;
    return this.record(
      gate,
      {
        decision: passed ? 'approve' : 'reject',
        reviewer,
        note: passed ? 'all checks passed' : `failed: ${failed.join(', ')}`,
        automatic: true,
        checks,
      },
      now,
    );
  }

  /** What the open gate comes to, since nobody decided in time. */
  expire(gate: GateName, afterDeadline: DeploymentGateSettings['afterDeadline'], now: Date): GateOutcome {
    const checks = this.open?.checks ?? [];
    const failed = failedChecks(checks);
    const approves = afterDeadline === 'approve-if-checks-pass' && failed.length === 0;
    const judged = approves ? '; all checks passed' : failed.length > 0 ? `; failed: ${failed.join(', ')}` : '';
    const note = `nobody decided before the deadline${afterDeadline === 'reject' ? '' : judged}`;
    const decision = approves ? 'approve' : 'reject';
    return this.record(gate, { decision, reviewer: 'deadline', note, automatic: true, checks }, now);
  }

  private record(
    gate: GateName,
    decided: Pick<GateOutcome, 'decision' | 'reviewer' | 'note' | 'checks'> & Partial<GateOutcome>,
    now: Date,
  ): GateOutcome {
    const outcome: GateOutcome = { automatic: false, corrections: null, at: now.toISOString(), ...decided };
    this.outcomes[gate] = outcome;
    return outcome;
  }
}

function problemWithCorrections({ corrections, decision, gate }: GateDecision, open: OpenGate): string | null {
  if (corrections === null) return null;
  if (open.actions === null) {
    return `corrections: the gate "${gate}" takes none; send them with the decision on "labels"`;
  }
  return decision === 'approve'
    ? null
    : `corrections: the decision "${decision}" takes none; leave them out, or approve`;
}

function problemWithRevision({ gate, revision }: GateDecision, { actions }: OpenGate): string | null {
  if (revision === null) return null;
  if (actions === null) return `revision: the gate "${gate}" takes none; a guideline is revised at the gate "labels"`;
  const unknown = revision.labels.find((label) => !actions.labels.includes(label));
  if (unknown === undefined) return null;
  const guess = nearest(unknown, actions.labels);
  const known =
    guess === null ? `its labels are ${actions.labels.join(', ')}` : `did you mean ${JSON.stringify(guess)}?`;
  return `revision.labels: the task has no label ${JSON.stringify(unknown)}; ${known}`;
}

/** With corrections the checks may pass afterwards. */
function problemWithoutNote({ corrections, decision, note }: GateDecision, checks: GateCheck[]): string | null {
  if (decision !== 'approve' || corrections !== null || note.trim() !== '') return null;
  const failed = failedChecks(checks);
  if (failed.length === 0) return null;
  return `these checks failed: ${failed.join(', ')}. Approving against them needs a note that says why`;
}

function failedChecks(checks: readonly GateCheck[]): string[] {
  return checks.filter((check) => !check.passed).map((check) => check.name);
}

function refusal(problem: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(problem, FailureType.InvalidInput);
}
