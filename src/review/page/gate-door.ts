/** The port through which the page asks the runs and decides at their gates; the command line goes through Temporal. */
import type { GateDecision, GateOutcome, Progress, ReviewNews } from '../../contracts/index.js';

export interface GateDoor {
  /** What the open runs say of themselves. Throws GateDoorError. */
  openRuns(): Promise<Progress[]>;
  /** null: no worker answers, or the server does not know the run. Throws GateDoorError. */
  progress(workflowId: string): Promise<Progress | null>;
  /** The runs that wait at their labels gate; wait: another one each time. Throws GateDoorError. */
  reviewsWaiting(): Promise<readonly { readonly workflowId: string; readonly wait: string }[]>;
  /** For the boards of the run and of its wait; nothing where they have ended. Throws GateDoorError. */
  tellOfReview(workflowId: string, news: ReviewNews): Promise<void>;
  /** Sent until a worker has taken it; the same decisionId counts once. Throws GateDoorError. */
  decide(workflowId: string, decision: GateDecision): Promise<GateOutcome>;
}

/** The runs can't be asked, or the decision was refused. The message is for the reviewer. */
export class GateDoorError extends Error {
  override readonly name = 'GateDoorError';
}
