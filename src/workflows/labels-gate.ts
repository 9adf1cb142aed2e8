/** The labels gate as the root workflow sees it: ranks the labels for people, waits for their decision, and asks the teacher
 *  again under a revised guideline as often as they want. */
import { isCancellation, log, patched } from '@temporalio/workflow';
import type {
  AnnotationResult,
  GateOutcome,
  LabelsState,
  PreparedRun,
  RevisedRun,
  RevisionOutcome,
  RevisionPlan,
  RevisionSignal,
  Stage,
  VoteOutcome,
} from '../contracts/index.js';
import { addCounts } from '../voting/index.js';
import { messageOf } from './failures.js';
import { revisionEvidence } from './findings.js';
import type { Gatekeeper } from './gatekeeper.js';
import { grouped } from './numbers.js';
import type { RunReport, Shown } from './run-report.js';
import type { Shards } from './shards.js';
import { orchestratorStage, studentStage, teacherStage } from './stages.js';

/** Ranking helps and is not needed: it is given up sooner than the stages. */
const RANKING = { summary: 'rank the labels by doubt', retry: { maximumAttempts: 5 } };

interface Parts {
  readonly prepared: PreparedRun;
  readonly report: RunReport;
  readonly shards: Shards;
  readonly gatekeeper: Gatekeeper;
  readonly enter: (stage: Stage) => Promise<void>;
}

export class LabelsGate {
  private readonly revised: RevisedRun[];
  private asking: LabelsState['asking'];
  /** Ready to be asked, once its decision is recorded. */
  private ready: RevisedRun | null = null;
  private current: VoteOutcome;

  constructor(
    private readonly parts: Parts,
    private readonly counted: LabelsState,
  ) {
    this.revised = [...counted.revised];
    this.asking = counted.asking;
    this.current = counted.votes;
  }

  /** To carry over. */
  get state(): LabelsState {
    const { asking, counted, current: votes, revised } = this;
    return { vote: counted.vote, votes, revised, asking };
  }

  /** The labels as they are approved; null: it is time to continue as new. */
  async pass(): Promise<VoteOutcome | null> {
    const { enter, gatekeeper, prepared } = this.parts;
    for (;;) {
      if (this.asking !== null && !(await this.askAgain(this.asking))) return null;
      await enter('labels gate');
      const outcome = await gatekeeper.pass('labels', prepared, await this.shown(), {
        correct: (corrections, reviewer) => this.correct(corrections, reviewer),
        revise: (decision) => this.prepareRevision(decision),
      });
      if (outcome.decision === 'approve') return this.current;
      if (this.ready === null) throw new RangeError('a revision was decided on and not prepared');
      this.asking = { run: this.ready, outcome };
    }
  }

  /** false: it is time to continue as new. */
  private async askAgain({ outcome, run }: NonNullable<LabelsState['asking']>): Promise<boolean> {
    const { enter, report, shards } = this.parts;
    await enter('annotate');
    const asked = await shards.askAgain(run);
    if (asked === null) return false;
    await enter('vote');
    this.revised.push(run);
    const revised = { runs: this.revised, before: this.current.summary };
    this.current = await orchestratorStage.vote({ ...this.counted.vote, revised });
    this.asking = null;
    report.revised(this.current, revisionOutcome(outcome, run, asked, this.current));
    return true;
  }

  private async correct(corrections: string, reviewer: string): Promise<Shown> {
    const { vote } = this.counted;
    const { summary } = this.current;
    const corrected = await orchestratorStage.applyCorrections({ vote, summary, corrections, reviewer });
    this.current = corrected;
    this.parts.report.voted(corrected, `${grouped(corrected.changed)} corrected by ${reviewer}`);
    return corrected;
  }

  private async prepareRevision({ note, reviewer, revision }: RevisionSignal): Promise<RevisionPlan> {
    const { prepared, shards } = this.parts;
    const run = await teacherStage.prepareRevision({
      prepared,
      labels: this.current.summary.labels,
      number: this.revised.length + 1,
      decision: { reviewer, note, revision },
      at: new Date().toISOString(),
      left: shards.left,
    });
    this.ready = run;
    const { prepared: _, ...plan } = run;
    return plan;
  }

  /** What the gate shows, with how to review the labels where a person decides. Patched: runs that were started before there
   *  was a review queue ranked nothing. The gate does not hang on the ranking. */
  private async shown(): Promise<Shown> {
    const { gatekeeper, prepared, report } = this.parts;
    const { checks, summary } = this.current;
    const revision = report.progress.revisions.at(-1);
    const told = [...(revision ? [revisionEvidence(revision)] : []), this.current.evidence].join('\n\n');
    if (gatekeeper.isAutomatic('labels', prepared) || !patched('review-queue')) return { checks, evidence: told };
    try {
      const { labels, labelsVersion } = summary;
      const last = this.revised.at(-1);
      const ranked = last && { revision: { number: last.number, labelsVersion: labelsVersion ?? 0 } };
      const { evidence } = await studentStage.rankDoubts.executeWithOptions(RANKING, [{ prepared, labels, ...ranked }]);
      return { checks, evidence: `${told}\n\n${evidence}` };
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn('the labels could not be ranked for review', { problem: messageOf(error) });
      const queue =
        this.revised.length === 0
          ? 'There is no review queue'
          : 'These labels could not be ranked, so the review page and files show those before the revision';
      return { checks, evidence: `${told}\n\n${queue}: ${messageOf(error)}` };
    }
  }
}

function revisionOutcome(
  { at, note, reviewer }: GateOutcome,
  { prepared: _, ...plan }: RevisedRun,
  { corpus, gold }: AnnotationResult,
  { revised }: VoteOutcome,
): RevisionOutcome {
  if (!revised) throw new RangeError(`the votes of revision ${plan.number} were not counted`);
  const { calls, reused, spentMicros } = addCounts(corpus, gold);
  return { ...plan, ...revised, reviewer, note, at, calls, reused, spentMicros };
}
