/** The root workflow: the stages in their order, the gates, and what people can ask and say meanwhile. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  ChildWorkflowCancellationType,
  type ChildWorkflowHandle,
  condition,
  isCancellation,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type AnnotationResult,
  type DeployOutcome,
  type DistillationInput,
  type DistillationResult,
  type EvaluateOutcome,
  FailureType,
  type GateCheck,
  type GateName,
  type Grant,
  type PreparedRun,
  type Progress,
  SEARCH_ATTRIBUTES,
  type Stage,
  type TrainingSummary,
  type VoteInput,
  type VoteOutcome,
} from '../contracts/index.js';
import { addCounts, emptyCounts } from '../voting/index.js';
import { annotation } from './annotation.js';
import { dollars, grouped, percent, runBoard } from './board.js';
import { causeOf, checkInput, finalFailure } from './failures.js';
import { type ApplyCorrections, Gates } from './gates.js';
import {
  annotationProgressSignal,
  approveSignal,
  decidedSignal,
  decideUpdate,
  pauseSignal,
  progressQuery,
  rejectSignal,
  remindedSignal,
  resumeSignal,
} from './messages.js';
import { review } from './review.js';
import { orchestratorStage, studentStage, teacherStage } from './stages.js';

const HOUR_MS = 3_600_000;
const IGNORED_KEPT = 10;
const STAGE_KEY = defineSearchAttributeKey(SEARCH_ATTRIBUTES.stage, SearchAttributeType.KEYWORD);
const TASK_KEY = defineSearchAttributeKey(SEARCH_ATTRIBUTES.task, SearchAttributeType.KEYWORD);

export async function distillation(rawInput?: unknown): Promise<DistillationResult> {
  const input = checkInput(rawInput);
  const run = new Distillation(input, rawInput);
  run.listen();
  try {
    return await run.stages();
  } catch (error) {
    await CancellationScope.nonCancellable(() => run.settle());
    if (isCancellation(error)) throw error;
    throw finalFailure(error, run.result());
  } finally {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

class Distillation {
  private readonly progress: Progress;
  private readonly findings: Record<string, string> = {};
  private readonly gates = new Gates();
  private shard: ChildWorkflowHandle<typeof annotation> | null = null;
  private annotatingSince = 0;
  private finishedShards: AnnotationResult = { corpus: emptyCounts(), gold: emptyCounts(), failedChunks: 0 };
  private prepared: PreparedRun | null = null;
  private votes: VoteOutcome | null = null;
  private student: TrainingSummary | null = null;
  private evaluated: EvaluateOutcome | null = null;
  private deployed: DeployOutcome | null = null;

  constructor(
    private readonly input: DistillationInput,
    private readonly rawInput: unknown,
  ) {
    this.progress = {
      workflowId: workflowInfo().workflowId,
      task: null,
      stage: 'prepare',
      paused: false,
      pauseReason: null,
      texts: { done: 0, total: 0 },
      annotation: emptyCounts(),
      gold: emptyCounts(),
      callsAtMost: 0,
      teacherHost: null,
      callsPerSecond: null,
      secondsLeft: null,
      training: null,
      gates: {},
      waitingFor: null,
      ignored: [],
    };
  }

  listen(): void {
    setHandler(progressQuery, () => this.progress, {
      description: 'Stage, numbers, and the command that would approve.',
    });
    setHandler(approveSignal, (value) => this.onDecision('approve', value), {
      description: 'Approve the open gate: {"gate":"labels","reviewer":"ana"}',
    });
    setHandler(rejectSignal, (value) => this.onDecision('reject', value), {
      description: 'Reject at the open gate: {"gate":"labels","reviewer":"ana","note":"too many errors"}',
    });
    setHandler(decideUpdate, async (value) => this.decide(value), {
      description: 'Decide, and get the answer: {"gate":"labels","decision":"approve","reviewer":"ana","note":"..."}',
      validator: (value) => {
        const problem = this.gates.problemWith(value);
        if (problem !== null) throw ApplicationFailure.nonRetryable(problem, FailureType.InvalidInput);
      },
    });
    setHandler(pauseSignal, () => this.setPaused(true), {
      description: 'Stop asking the teacher until resume. No payload.',
    });
    setHandler(resumeSignal, () => this.setPaused(false), { description: 'Go on after pause. No payload.' });
    setHandler(annotationProgressSignal, (shard) => this.onShardProgress(shard));
    setHandler(remindedSignal, (reminders) => {
      if (this.progress.waitingFor !== null) this.progress.waitingFor.remindersSent = reminders;
      this.show();
    });
  }

  async stages(): Promise<DistillationResult> {
    const prepared = await this.prepare();
    const voteInput = await this.annotate(prepared);

    await this.enter('vote');
    this.votes = await orchestratorStage.vote(voteInput);
    this.showVotes();

    await this.enter('labels gate');
    await this.passGate('labels', prepared, this.votes, async (corrections, reviewer) => {
      const votes = this.votes as VoteOutcome;
      const corrected = await orchestratorStage.applyCorrections({
        vote: voteInput,
        summary: votes.summary,
        corrections,
        reviewer,
      });
      this.votes = corrected;
      this.showVotes(`, ${grouped(corrected.changed)} corrected by ${reviewer}`);
      return corrected.checks;
    });

    await this.enter('distill');
    const { labels } = this.votes.summary;
    this.student = await studentStage.distill({ prepared, labels });
    this.findings.distill = `${this.student.kind} from ${grouped(this.student.examples)} texts in ${this.student.trainSeconds.toFixed(1)} s`;

    await this.enter('evaluate');
    const spent = addCounts(this.progress.annotation, this.progress.gold);
    this.evaluated = await studentStage.evaluate({
      prepared,
      labels,
      student: this.student,
      spentMicros: spent.spentMicros,
      textsAnnotated: spent.texts,
    });
    this.findings.evaluate = evaluationLine(this.evaluated);

    await this.enter('deployment gate');
    await this.passGate('deployment', prepared, this.evaluated, null);

    await this.enter('deploy');
    this.deployed = await orchestratorStage.deploy({
      prepared,
      labels,
      student: this.student,
      evaluation: this.evaluated.summary,
      approvedBy: this.gates.outcomes.deployment?.reviewer ?? '',
    });
    this.findings.deploy = `version ${this.deployed.version} of ${prepared.taskName} is deployed`;
    await this.enter('done');
    return this.result();
  }

  /** After a failure or a cancellation: what was spent, from the journals. */
  async settle(): Promise<void> {
    if (this.prepared === null || this.progress.stage !== 'annotate') return;
    const { corpus, gold } = await orchestratorStage.settleRun({ prepared: this.prepared });
    this.progress.annotation = corpus;
    this.progress.gold = gold;
    this.findings.annotate = `stopped: ${annotationFinding(this.progress)}`;
    this.show();
  }

  result(): DistillationResult {
    const { prepared, votes, student, evaluated, deployed } = this;
    const { annotation: counts } = this.progress;
    const uri = (path: string) => `${prepared?.run.store.uri}/${path}`;
    return {
      workflowId: this.progress.workflowId,
      annotation: {
        texts: prepared?.counts.texts ?? 0,
        calls: counts.calls,
        unreadable: counts.unreadable,
        labelled: votes?.summary.labelled ?? 0,
        uncertain: counts.uncertain,
        reused: counts.reused,
        costUsd: counts.spentMicros === null ? null : counts.spentMicros / 1e6,
      },
      labels: votes && {
        uri: uri(votes.summary.labels.path),
        alpha: votes.summary.alpha,
        replies: uri(votes.summary.replies.path),
      },
      gates: { labels: this.gates.outcomes.labels ?? null, deployment: this.gates.outcomes.deployment ?? null },
      student: student && { kind: student.kind, uri: uri(student.folder), trainSeconds: student.trainSeconds },
      evaluation: evaluated && {
        basis: evaluated.summary.basis,
        rows: evaluated.summary.rows,
        teacher: evaluated.summary.teacher && figures(evaluated.summary.teacher),
        student: figures(evaluated.summary.student),
        report: uri(evaluated.summary.markdown.path),
      },
      deployment: deployed && { version: deployed.version, uri: uri(deployed.folder) },
    };
  }

  private async prepare(): Promise<PreparedRun> {
    this.show();
    const { workflowId, firstExecutionRunId } = workflowInfo();
    const prepared = await teacherStage.prepare({ input: this.rawInput, workflowId, runId: firstExecutionRunId });
    this.prepared = prepared;
    this.progress.task = prepared.taskName;
    this.progress.texts.total = prepared.textsAsked;
    this.progress.callsAtMost = prepared.callsAtMost;
    this.progress.teacherHost = prepared.teacherHost;
    const { counts } = prepared;
    this.findings.prepare = [
      `${grouped(counts.texts)} texts`,
      counts.duplicates > 0 && `${grouped(counts.duplicates)} duplicate rows`,
      counts.refused > 0 && `${grouped(counts.refused)} rows refused`,
      counts.rest > 0 && `${grouped(counts.rest)} texts left for the student`,
      `${grouped(counts.goldRows)} gold rows`,
    ]
      .filter(Boolean)
      .join(', ');
    if (prepared.searchAttributes) upsertSearchAttributes([{ key: TASK_KEY, value: prepared.taskName }]);
    return prepared;
  }

  /** Shards one after another: each gets what is left of the budget. */
  private async annotate(prepared: PreparedRun): Promise<VoteInput> {
    await this.enter('annotate');
    this.annotatingSince = Date.now();
    const total = this.finishedShards;
    for (let first = 0; first < prepared.chunks; first += prepared.chunksPerShard) {
      const number = first / prepared.chunksPerShard + 1;
      this.shard = await startChild(annotation, {
        workflowId: `${this.progress.workflowId}.annotation-${number}`,
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        args: [
          {
            prepared,
            firstChunk: first,
            lastChunk: Math.min(first + prepared.chunksPerShard, prepared.chunks),
            left: leftOf(prepared.budget, addCounts(total.corpus, total.gold)),
            paused: this.progress.paused,
          },
        ],
      });
      const done = await this.shard.result();
      this.shard = null;
      total.corpus = addCounts(total.corpus, done.corpus);
      total.gold = addCounts(total.gold, done.gold);
      total.failedChunks += done.failedChunks;
    }
    this.progress.annotation = total.corpus;
    this.progress.gold = total.gold;
    const finished = total.corpus.texts + total.gold.texts;
    this.progress.texts.done = finished;
    this.findings.annotate = annotationFinding(this.progress);
    return { prepared, failedChunks: total.failedChunks, incompleteTexts: prepared.textsAsked - finished };
  }

  private async passGate(
    gate: GateName,
    prepared: PreparedRun,
    shown: { checks: GateCheck[]; evidence: string },
    applyCorrections: ApplyCorrections | null,
  ): Promise<void> {
    const settings = prepared.gates[gate];
    if (this.input.approveAs !== null || settings.approval === 'auto') {
      this.gates.decideAutomatically(gate, shown.checks, this.input.approveAs ?? 'automatic', new Date());
    } else {
      await this.waitForPerson(gate, prepared, shown, applyCorrections);
    }
    const outcome = this.gates.outcomes[gate];
    this.progress.waitingFor = null;
    if (outcome === undefined) throw new Error(`the gate ${gate} was passed without an outcome`);
    this.progress.gates[gate] = outcome;
    const how = outcome.automatic ? ' automatically' : '';
    this.findings[`${gate} gate`] =
      `${outcome.decision === 'approve' ? 'approved' : 'rejected'}${how} by ${outcome.reviewer}${outcome.note ? `: ${outcome.note}` : ''}`;
    this.show();
    if (outcome.decision === 'reject') {
      throw ApplicationFailure.nonRetryable(
        `rejected${how} at the gate "${gate}" by ${outcome.reviewer}${outcome.note ? `: ${outcome.note}` : ''}`,
        FailureType.Rejected,
      );
    }
  }

  private async waitForPerson(
    gate: GateName,
    prepared: PreparedRun,
    shown: { checks: GateCheck[]; evidence: string },
    applyCorrections: ApplyCorrections | null,
  ): Promise<void> {
    const settings = prepared.gates[gate];
    const { workflowId } = this.progress;
    const command = (decision: string) =>
      `temporal workflow update execute -w ${shellWord(workflowId)} --name decide --input '${JSON.stringify({ gate, decision, reviewer: 'YOUR-NAME', ...(shown.checks.every((check) => check.passed) && decision === 'approve' ? {} : { note: 'WHY' }) })}'`;
    this.progress.waitingFor = {
      gate,
      checks: shown.checks,
      evidence: shown.evidence,
      deadline: new Date(Date.now() + settings.deadlineHours * HOUR_MS).toISOString(),
      remindersSent: 0,
      approveCommand: command('approve'),
      rejectCommand: command('reject'),
    };
    this.gates.openGate(gate, shown.checks, applyCorrections);
    this.show();
    const waiting = await startChild(review, {
      workflowId: `${workflowId}.review-${gate}`,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      args: [
        {
          gate,
          task: prepared.taskName,
          evidence: shown.evidence,
          deadlineMs: settings.deadlineHours * HOUR_MS,
          reminderMs: settings.reminderHours * HOUR_MS,
        },
      ],
    });
    let expired = false;
    const ended = waiting.result().then((decided) => {
      expired = decided === null;
    });
    await Promise.race([ended, condition(() => this.gates.outcomes[gate] !== undefined)]);
    const outcome = this.gates.outcomes[gate];
    if (outcome === undefined && expired) this.gates.expire(gate, new Date());
    if (outcome !== undefined && !expired) {
      await waiting.signal(decidedSignal, `${outcome.decision} by ${outcome.reviewer}`);
      await ended;
    }
    this.gates.closeGate();
  }

  private async decide(value: unknown) {
    const outcome = await this.gates.decide(value, new Date());
    this.show();
    return outcome;
  }

  private async onDecision(decision: 'approve' | 'reject', value: unknown): Promise<void> {
    const payload = typeof value === 'object' && value !== null ? { ...value, decision } : value;
    const problem = this.gates.problemWith(payload);
    if (problem !== null) return this.ignore(`signal ${decision}: ${problem}`);
    try {
      await this.decide(payload);
    } catch (error) {
      if (isCancellation(error)) throw error;
      this.ignore(`signal ${decision}: ${(causeOf(error) as Error).message}`);
    }
  }

  private ignore(what: string): void {
    this.progress.ignored = [...this.progress.ignored, what].slice(-IGNORED_KEPT);
    this.show();
  }

  private async setPaused(paused: boolean): Promise<void> {
    this.progress.paused = paused;
    this.progress.pauseReason = paused ? 'a person paused it' : null;
    this.show();
    if (this.shard !== null) await this.shard.signal(paused ? pauseSignal : resumeSignal);
  }

  private onShardProgress(shard: {
    corpus: AnnotationResult['corpus'];
    gold: AnnotationResult['gold'];
    paused: boolean;
    pauseReason: string | null;
  }): void {
    if (this.shard === null) return;
    this.progress.annotation = addCounts(this.finishedShards.corpus, shard.corpus);
    this.progress.gold = addCounts(this.finishedShards.gold, shard.gold);
    this.progress.paused = shard.paused;
    this.progress.pauseReason = shard.pauseReason;
    const both = addCounts(this.progress.annotation, this.progress.gold);
    this.progress.texts.done = both.texts;
    const seconds = (Date.now() - this.annotatingSince) / 1000;
    if (seconds > 0 && both.texts > 0) {
      this.progress.callsPerSecond = both.calls / seconds;
      this.progress.secondsLeft = (seconds / both.texts) * (this.progress.texts.total - both.texts);
    }
    this.show();
  }

  private async enter(stage: Stage): Promise<void> {
    if (stage !== 'done') await condition(() => !this.progress.paused);
    this.progress.stage = stage;
    this.progress.secondsLeft = null;
    if (this.prepared?.searchAttributes) upsertSearchAttributes([{ key: STAGE_KEY, value: stage }]);
    this.show();
  }

  private showVotes(corrected = ''): void {
    const { summary } = this.votes as VoteOutcome;
    const alpha = summary.alpha === null ? '' : `, alpha ${summary.alpha.toFixed(3)}`;
    this.findings.vote = `${grouped(summary.labelled)} of ${grouped(summary.texts)} texts labelled${alpha}${corrected}`;
    this.show();
  }

  private show(): void {
    setCurrentDetails(runBoard({ progress: this.progress, findings: this.findings }));
  }
}

function annotationFinding({ annotation: corpus, gold }: Progress): string {
  const both = addCounts(corpus, gold);
  const parts = [
    `${grouped(both.calls)} calls`,
    both.reused > 0 && `${grouped(both.reused)} replies reused`,
    `${grouped(both.unreadable)} unreadable`,
    both.uncertain > 0 && `${grouped(both.uncertain)} uncertain`,
    dollars(both.spentMicros),
    both.identical > 0.9 * both.texts &&
      both.texts > 20 &&
      '⚠️ the samples of most texts are word for word the same: a cache, or temperature 0?',
  ];
  return parts.filter(Boolean).join(', ');
}

function evaluationLine({ summary }: EvaluateOutcome): string {
  const { student, teacher, basis, rows } = summary;
  if (basis === 'validation')
    return `student agrees with the teacher on ${percent(student.accuracy)} of ${grouped(rows)} held-out texts`;
  const teachers = teacher === null ? '' : `, teacher ${percent(teacher.accuracy)}`;
  return `student ${percent(student.accuracy)}${teachers} on ${grouped(rows)} gold rows`;
}

function figures({ accuracy, macroF1 }: { accuracy: number; macroF1: number }) {
  return { accuracy, macroF1 };
}

function leftOf(budget: Grant, spent: { calls: number; spentMicros: number | null }): Grant {
  return {
    calls: budget.calls === null ? null : Math.max(0, budget.calls - spent.calls),
    micros: budget.micros === null ? null : Math.max(0, budget.micros - (spent.spentMicros ?? budget.micros)),
  };
}

function shellWord(word: string): string {
  return /^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
