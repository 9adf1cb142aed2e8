/** The root workflow: the stages in their order. Continues as new between two shards where its history gets long. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  log,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  TemporalFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import {
  DistillationInput,
  type DistillationResult,
  type LabelsState,
  type PreparedRun,
  RunState,
  SEARCH_ATTRIBUTES,
  type Stage,
  TrainingNews,
} from '../contracts/index.js';
import { addCounts } from '../voting/index.js';
import { checkCarried, checkInput, finalFailure, messageOf } from './failures.js';
import { Gatekeeper } from './gatekeeper.js';
import { LabelsGate } from './labels-gate.js';
import { progressQuery, trainingNewsSignal, unknownSignal } from './messages.js';
import { RunReport } from './run-report.js';
import { Shards } from './shards.js';
import { besideStage, orchestratorStage, studentStage, teacherStage } from './stages.js';
import { trainStudent } from './student-ladder.js';

export const EXAMPLE = '{"task": "financial-sentiment", "corpus": "/data/texts.jsonl"}';

const STAGE_KEY = defineSearchAttributeKey(SEARCH_ATTRIBUTES.stage, SearchAttributeType.KEYWORD);
const TASK_KEY = defineSearchAttributeKey(SEARCH_ATTRIBUTES.task, SearchAttributeType.KEYWORD);

/** rawState: only the workflow itself gives it, when it continues as new. */
export async function distillation(rawInput?: unknown, rawState?: unknown): Promise<DistillationResult> {
  const run = new Distillation(
    checkInput(DistillationInput, rawInput, EXAMPLE),
    rawInput,
    checkCarried(RunState, rawState),
  );
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
  /** null: the votes have not been counted yet. */
  private labelsGate: LabelsGate | null = null;

  constructor(
    private readonly input: DistillationInput,
    private readonly rawInput: unknown,
    private readonly carried: RunState | null,
  ) {
    this.report = new RunReport(workflowInfo().workflowId, setCurrentDetails, carried?.progress ?? null);
    this.shards = new Shards(this.report);
    this.gatekeeper = new Gatekeeper(this.report, input.approveAs, carried?.decisions ?? []);
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
    // The last: it is given what has come already and nothing listens to.
    setDefaultSignalHandler((name) => this.report.ignore(unknownSignal(name)));
  }

  /** To carry over, when passStages has resolved to null. */
  state(): RunState {
    if (this.prepared === null) throw new RangeError('the run has not been prepared');
    const labels = this.labelsGate?.state ?? null;
    const { decisions } = this.gatekeeper;
    return { ...this.shards.carried(this.prepared), labels, decisions, progress: this.report.progress };
  }

  /** null: it is time to continue as new. */
  async passStages(): Promise<DistillationResult | null> {
    const prepared = this.prepared ?? (await this.prepare());
    this.labelsGate ??= await this.countVotes(prepared);
    if (this.labelsGate === null) return null;
    if (this.input.until === 'vote') return this.finish();

    const votes = await this.labelsGate.pass();
    if (votes === null) return null;
    this.shards.close();
    const { corpus, gold } = this.shards.total;
    const { spentMicros, texts: textsAnnotated } = addCounts(corpus, gold);

    await this.enter('distill');
    const { certificate, labels, weighing } = votes.summary;
    const { evidence: whyTaken, student } = await trainStudent(prepared, votes.summary);
    this.report.trained(student);

    await this.enter('evaluate');
    const evaluated = await studentStage.evaluate({
      prepared,
      labels,
      student,
      spentMicros,
      textsAnnotated,
      weighing,
      certificate,
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
        weighing,
        certificate,
      }),
    );
    return this.finish();
  }

  /** Asks the teacher about all texts. null: it is time to continue as new. */
  private async countVotes(prepared: PreparedRun): Promise<LabelsGate | null> {
    const annotated = await this.shards.annotate();
    if (annotated === null) return null;
    const { corpus, failedChunks, gold } = annotated;
    await this.enter('vote');
    const incompleteTexts = prepared.textsAsked - addCounts(corpus, gold).texts;
    const vote = { prepared, failedChunks, incompleteTexts };
    return this.openLabels({ vote, votes: await orchestratorStage.vote(vote), revised: [], asking: null }, prepared);
  }

  private openLabels(counted: LabelsState, prepared: PreparedRun): LabelsGate {
    const { gatekeeper, report, shards } = this;
    report.voted(counted.votes);
    const enter = (stage: Stage) => this.enter(stage);
    return new LabelsGate({ prepared, report, shards, gatekeeper, enter }, counted);
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
    if (this.carried?.labels) this.labelsGate = this.openLabels(this.carried.labels, prepared);
  }

  private async finish(): Promise<DistillationResult> {
    this.setStage('done');
    await this.archive(null);
    return this.report.result();
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
      const { before, prepared } = this.shards.now;
      const { corpus, gold } = await orchestratorStage.settleRun({ prepared });
      this.report.settled({ corpus: addCounts(before.corpus, corpus), gold: addCounts(before.gold, gold) });
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
