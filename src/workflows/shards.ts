/** The stage annotate as the root workflow sees it: shards one after another, their progress and their part of the budget, pause
 *  and resume. */
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  type ChildWorkflowHandle,
  condition,
  isCancellation,
  log,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { AnnotationResult, PreparedRun, RunState } from '../contracts/index.js';
import { addCounts, emptyCounts, spendingOf } from '../voting/index.js';
import { annotation } from './annotation.js';
import { BudgetKeeper } from './budget-keeper.js';
import { messageOf } from './failures.js';
import { InOrder } from './in-order.js';
import {
  type AnnotationProgress,
  annotationProgressSignal,
  PAUSED_BY_PERSON,
  pauseSignal,
  resumeSignal,
  shardBudgetSignal,
} from './messages.js';
import type { RunReport } from './run-report.js';
import { startOwnChild } from './start-own-child.js';

/** From so many on, the root continues as new before the next shard: it costs about 90, the stages after it some hundred. */
const MOST_EVENTS = 600;

/** What the run carries over of this stage. */
export type CarriedStage = Pick<
  RunState,
  'nextChunk' | 'finished' | 'pausedByPerson' | 'askingSeconds' | 'budget' | 'prepared'
>;

export class Shards {
  private finished: AnnotationResult = { corpus: emptyCounts(), gold: emptyCounts(), failedChunks: 0 };
  private nextChunk = 0;
  private asking = new Stopwatch(0);
  private readonly signals = new InOrder();
  private readonly budget: BudgetKeeper;
  private open: ChildWorkflowHandle<typeof annotation> | null = null;
  private pausedByPerson = false;
  /** Why the open shard has paused, by itself or as it was told. */
  private shardPause: string | null = null;

  constructor(private readonly report: RunReport) {
    this.budget = new BudgetKeeper(report, () => this.tellBudget());
  }

  listen(): void {
    setHandler(pauseSignal, () => this.setPaused(true), {
      description: 'Stop asking the teacher until resume. No payload.',
    });
    setHandler(resumeSignal, () => this.setPaused(false), { description: 'Go on after pause. No payload.' });
    setHandler(annotationProgressSignal, (news) => this.onNews(news));
    this.budget.listen();
  }

  /** From here on the budget can be raised. carried: where the run has continued as new. */
  prepare(prepared: PreparedRun, carried: CarriedStage | null): void {
    this.budget.open(prepared, carried?.budget ?? null);
    if (carried === null) return;
    this.finished = carried.finished;
    this.nextChunk = carried.nextChunk;
    this.pausedByPerson = carried.pausedByPerson;
    this.asking = new Stopwatch(carried.askingSeconds);
  }

  /** To carry over. Only while no shard is open. */
  carried(prepared: PreparedRun): CarriedStage {
    const { asking, budget, finished, nextChunk, pausedByPerson } = this;
    return { prepared, nextChunk, finished, pausedByPerson, askingSeconds: asking.seconds(), budget: budget.state };
  }

  /** Waits while a person has paused the run. */
  async untilResumed(): Promise<void> {
    await condition(() => !this.pausedByPerson);
  }

  /** Each shard gets what is left of the budget. null: it is time to continue as new, between two shards. */
  async annotate(prepared: PreparedRun): Promise<AnnotationResult | null> {
    const { chunks, chunksPerShard } = prepared;
    this.showPause();
    for (let shards = 0; this.nextChunk < chunks; shards++) {
      if (shards > 0 && mustContinueAsNew()) return null;
      const lastChunk = Math.min(this.nextChunk + chunksPerShard, chunks);
      const done = await this.annotateShard(prepared, this.nextChunk, lastChunk);
      this.nextChunk = lastChunk;
      this.finished = {
        corpus: addCounts(this.finished.corpus, done.corpus),
        gold: addCounts(this.finished.gold, done.gold),
        failedChunks: this.finished.failedChunks + done.failedChunks,
      };
    }
    this.budget.close();
    this.report.annotated(this.finished);
    return this.finished;
  }

  private async annotateShard(prepared: PreparedRun, firstChunk: number, lastChunk: number): Promise<AnnotationResult> {
    const budget = this.shardBudget();
    const paused = this.pausedByPerson;
    const workflowId = `${this.report.progress.workflowId}.annotation-${firstChunk / prepared.chunksPerShard + 1}`;
    const shard = await startOwnChild(workflowId, () =>
      startChild(annotation, {
        workflowId,
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        args: [{ prepared, firstChunk, lastChunk, budget, paused, carried: null }],
      }),
    );
    this.open = shard;
    const attending = new CancellationScope();
    const attended = attending.run(() => this.budget.attend());
    const failed = attended.catch((error) =>
      isCancellation(error) ? new Promise<never>(() => {}) : Promise.reject(error),
    );
    try {
      // Somebody may have decided, paused or resumed while it started.
      if (budget.version !== this.shardBudget().version) await this.tellBudget();
      if (paused !== this.pausedByPerson) await this.tellShard(this.pausedByPerson);
      return await Promise.race([shard.result(), failed]);
    } finally {
      this.open = null;
      this.shardPause = null;
      this.budget.shardEnded();
      attending.cancel();
      await CancellationScope.nonCancellable(() => attended.catch(() => undefined));
      this.showPause();
    }
  }

  /** Of the shard that is open, or of the next one. */
  private shardBudget() {
    const { corpus, gold } = this.finished;
    return this.budget.shardPart(spendingOf(addCounts(corpus, gold)));
  }

  private async tellBudget(): Promise<void> {
    const { open } = this;
    this.showPause();
    if (open === null) return;
    const budget = this.shardBudget();
    await this.signals
      .run(() => open.signal(shardBudgetSignal, budget))
      .catch((error) =>
        log.info('the shard had ended before it was told of its budget', { problem: messageOf(error) }),
      );
  }

  /** Runs in signal handlers, whose failure would end the run at once, without settling it: it doesn't throw. */
  private async setPaused(paused: boolean): Promise<void> {
    this.pausedByPerson = paused;
    if (!paused) this.shardPause = null;
    this.showPause();
    await this.tellShard(paused);
  }

  private async tellShard(paused: boolean): Promise<void> {
    const { open } = this;
    if (open === null) return;
    await this.signals
      .run(() => open.signal(paused ? pauseSignal : resumeSignal))
      .catch((error) => log.info('the shard had ended before it was told of a pause', { problem: messageOf(error) }));
  }

  private onNews({ batches, budget, corpus, gold, pace, pauseReason }: AnnotationProgress): void {
    if (this.report.progress.stage !== 'annotate') return;
    this.shardPause = pauseReason;
    const counts = { corpus: addCounts(this.finished.corpus, corpus), gold: addCounts(this.finished.gold, gold) };
    this.report.annotating(counts, { seconds: this.asking.seconds(), pace, batches, now: Date.now() });
    this.budget.heard(budget);
    this.showPause();
  }

  private showPause(): void {
    const reason = this.shardPause ?? (this.pausedByPerson ? PAUSED_BY_PERSON : null);
    this.report.setPause(reason);
    if (reason === null && !this.budget.usedUp) this.asking.start();
    else this.asking.stop();
  }
}

function mustContinueAsNew(): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= MOST_EVENTS;
}

/** Counts the seconds between start and stop, in the workflow's own time. */
class Stopwatch {
  private countedMs: number;
  private since: number | null = null;

  constructor(seconds: number) {
    this.countedMs = 1000 * seconds;
  }

  start(): void {
    this.since ??= Date.now();
  }

  stop(): void {
    this.countedMs = this.seconds() * 1000;
    this.since = null;
  }

  seconds(): number {
    return (this.countedMs + (this.since === null ? 0 : Date.now() - this.since)) / 1000;
  }
}
