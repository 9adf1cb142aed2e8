/** The root workflow: the stages in their order. Continues as new between two shards where its history gets long. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  patched,
  setCurrentDetails,
  setHandler,
  TemporalFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type DistillationInput,
  type DistillationResult,
  type PreparedRun,
  type RunState,
  SEARCH_ATTRIBUTES,
  type Stage,
  TrainingNews,
  type VoteOutcome,
} from '../contracts/index.js';
import { addCounts } from '../voting/index.js';
import { checkInput, checkState, finalFailure, messageOf } from './failures.js';
import { Gatekeeper } from './gatekeeper.js';
import { progressQuery, trainingNewsSignal } from './messages.js';
import { grouped } from './numbers.js';
import { RunReport, type Shown } from './run-report.js';
import { Shards } from './shards.js';
import { besideStage, orchestratorStage, studentStage, teacherStage } from './stages.js';
import { trainStudent } from './student-ladder.js';

const STAGE_KEY = defineSearchAttributeKey(SEARCH_ATTRIBUTES.stage, SearchAttributeType.KEYWORD);
const TASK_KEY = defineSearchAttributeKey(SEARCH_ATTRIBUTES.task, SearchAttributeType.KEYWORD);

/** Ranking helps and is not needed: it is given up sooner than the stages. */
const RANKING = { summary: 'rank the labels by doubt', retry: { maximumAttempts: 5 } };

/** rawState: only the workflow itself gives it, when it continues as new. */
export async function distillation(rawInput?: unknown, rawState?: unknown): Promise<DistillationResult> {
  const run = new Distillation(checkInput(rawInput), rawInput, checkState(rawState));
  run.listen();
  try {
    const result = await run.passStages();
    if (result !== null) return result;
    // An update may still change what is carried over.
    await condition(allHandlersFinished);
    return await continueAsNew<typeof distillation>(rawInput, run.state());
  } catch (error) {
    // An error of our own code fails the workflow task, which is tried again: a mended release goes on with the run.
    if (!(error instanceof TemporalFailure)) throw error;
    await CancellationScope.nonCancellable(() => run.settle());
    const failure = finalFailure(error, run.report.result());
    await CancellationScope.nonCancellable(() => run.archive(failure));
    run.report.ended(failure.message);
    throw failure;
  } finally {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

class Distillation {
  readonly report: RunReport;
  private readonly shards: Shards;
  private readonly gatekeeper: Gatekeeper;
  private prepared: PreparedRun | null = null;

  constructor(
    private readonly input: DistillationInput,
    private readonly rawInput: unknown,
    private readonly carried: RunState | null,
  ) {
    this.report = new RunReport(workflowInfo().workflowId, setCurrentDetails, carried?.progress ?? null);
    this.shards = new Shards(this.report);
    this.gatekeeper = new Gatekeeper(this.report, input.approveAs);
    if (carried !== null) this.begin(carried.prepared);
  }

  listen(): void {
    setHandler(progressQuery, () => this.report.progress, {
      description: 'Stage, numbers, and the command that would approve.',
    });
    setHandler(trainingNewsSignal, (news) => {
      const { data } = TrainingNews.safeParse(news);
      if (data !== undefined) this.report.training(data);
    });
    this.gatekeeper.listen();
    this.shards.listen();
  }

  /** To carry over, when passStages has resolved to null. */
  state(): RunState {
    if (this.prepared === null) throw new RangeError('the run has not been prepared');
    return { ...this.shards.carried(this.prepared), progress: this.report.progress };
  }

  /** null: it is time to continue as new. */
  async passStages(): Promise<DistillationResult | null> {
    const prepared = this.prepared ?? (await this.prepare());
    const annotated = await this.shards.annotate(prepared);
    if (annotated === null) return null;
    const { corpus, failedChunks, gold } = annotated;
    const { spentMicros, texts: textsAnnotated } = addCounts(corpus, gold);

    await this.enter('vote');
    const vote = { prepared, failedChunks, incompleteTexts: prepared.textsAsked - textsAnnotated };
    let votes = await orchestratorStage.vote(vote);
    this.report.voted(votes);
    if (this.input.until === 'vote') return this.finish();

    await this.enter('labels gate');
    const shown = await this.withReviewQueue(prepared, votes);
    await this.gatekeeper.pass('labels', prepared, shown, async (corrections, reviewer) => {
      const { summary } = votes;
      const corrected = await orchestratorStage.applyCorrections({ vote, summary, corrections, reviewer });
      votes = corrected;
      this.report.voted(votes, `${grouped(corrected.changed)} corrected by ${reviewer}`);
      return corrected;
    });

    await this.enter('distill');
    const { labels } = votes.summary;
    const { evidence: whyTaken, student } = await trainStudent(prepared, votes.summary);
    this.report.trained(student);

    await this.enter('evaluate');
    const evaluated = await studentStage.evaluate({
      prepared,
      labels,
      student,
      spentMicros,
      textsAnnotated,
      certificate: votes.summary.certificate,
    });
    const evaluation = evaluated.summary;
    this.report.evaluated(evaluated);

    await this.enter('deployment gate');
    const toApprove = {
      checks: evaluated.checks,
      evidence: [evaluated.evidence, whyTaken].filter(Boolean).join('\n\n'),
    };
    const { reviewer: approvedBy } = await this.gatekeeper.pass('deployment', prepared, toApprove, null);

    await this.enter('deploy');
    this.report.deployed(
      await orchestratorStage.deploy({
        prepared,
        labels,
        student,
        evaluation,
        approvedBy,
        certificate: votes.summary.certificate,
      }),
    );
    return this.finish();
  }

  private async prepare(): Promise<PreparedRun> {
    this.report.enter('prepare');
    const { firstExecutionRunId: runId, workflowId } = workflowInfo();
    const prepared = await teacherStage.prepare({ input: this.rawInput, workflowId, runId });
    this.begin(prepared);
    if (prepared.searchAttributes) upsertSearchAttributes([{ key: TASK_KEY, value: prepared.taskName }]);
    await this.enter('annotate');
    return prepared;
  }

  private begin(prepared: PreparedRun): void {
    this.prepared = prepared;
    this.report.prepared(prepared);
    this.shards.prepare(prepared, this.carried);
  }

  private async finish(): Promise<DistillationResult> {
    this.setStage('done');
    await this.archive(null);
    return this.report.result();
  }

  /** What the labels gate shows, with how to review the labels where a person decides. Patched: runs that were started
   *  before there was a review queue ranked nothing. The gate does not hang on the ranking. */
  private async withReviewQueue(prepared: PreparedRun, votes: VoteOutcome): Promise<Shown> {
    if (this.gatekeeper.isAutomatic('labels', prepared) || !patched('review-queue')) return votes;
    try {
      const labels = votes.summary.labels;
      const { evidence } = await studentStage.rankDoubts.executeWithOptions(RANKING, [{ prepared, labels }]);
      return { checks: votes.checks, evidence: `${votes.evidence}\n\n${evidence}` };
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn('the labels could not be ranked for review', { problem: messageOf(error) });
      return { checks: votes.checks, evidence: `${votes.evidence}\n\nThere is no review queue: ${messageOf(error)}` };
    }
  }

  /** Keeps the outcome in the store. Does not throw: the run has ended, archived or not. */
  async archive(failure: TemporalFailure | null): Promise<void> {
    if (this.prepared === null) return;
    const type = failure instanceof ApplicationFailure ? (failure.type ?? 'Error') : 'Cancelled';
    try {
      await besideStage.recordOutcome({
        run: this.prepared.run,
        endedAt: new Date().toISOString(),
        failure: failure && { type, message: failure.message },
        result: this.report.result(),
      });
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      log.error('the outcome could not be kept in the store', { problem: messageOf(error) });
    }
  }

  /** After a failure or a cancellation: what was spent, from the journals. Does not throw: the cause must not get lost. */
  async settle(): Promise<void> {
    if (this.prepared === null || this.report.progress.stage !== 'annotate') return;
    try {
      this.report.settled(await orchestratorStage.settleRun({ prepared: this.prepared }));
    } catch (error) {
      log.error('what was spent could not be found out', { problem: messageOf(error) });
    }
  }

  private async enter(stage: Stage): Promise<void> {
    await this.shards.untilResumed();
    this.setStage(stage);
  }

  private setStage(stage: Stage): void {
    this.report.enter(stage);
    if (this.prepared?.searchAttributes) upsertSearchAttributes([{ key: STAGE_KEY, value: stage }]);
  }
}
