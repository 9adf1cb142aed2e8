/** The stage annotate as the root workflow sees it: shards one after another, their progress, pause and resume. */
import {
  ChildWorkflowCancellationType,
  type ChildWorkflowHandle,
  condition,
  log,
  ParentClosePolicy,
  setHandler,
  startChild,
} from '@temporalio/workflow';
import type { AnnotationResult, PreparedRun } from '../contracts/index.js';
import { addCounts, emptyCounts, leftOf, spendingOf } from '../voting/index.js';
import { annotation } from './annotation.js';
import { messageOf } from './failures.js';
import { InOrder } from './in-order.js';
import {
  type AnnotationProgress,
  annotationProgressSignal,
  PAUSED_BY_PERSON,
  pauseSignal,
  resumeSignal,
} from './messages.js';
import type { RunReport } from './run-report.js';
import { startOwnChild } from './start-own-child.js';

export class Shards {
  private readonly finished: AnnotationResult = { corpus: emptyCounts(), gold: emptyCounts(), failedChunks: 0 };
  private readonly asking = new Stopwatch();
  private readonly signals = new InOrder();
  private open: ChildWorkflowHandle<typeof annotation> | null = null;
  private pausedByPerson = false;
  /** Why the open shard has paused, by itself or as it was told. */
  private shardPause: string | null = null;

  constructor(private readonly report: RunReport) {}

  listen(): void {
    setHandler(pauseSignal, () => this.setPaused(true), {
      description: 'Stop asking the teacher until resume. No payload.',
    });
    setHandler(resumeSignal, () => this.setPaused(false), { description: 'Go on after pause. No payload.' });
    setHandler(annotationProgressSignal, (news) => this.onNews(news));
  }

  /** Waits while a person has paused the run. */
  async untilResumed(): Promise<void> {
    await condition(() => !this.pausedByPerson);
  }

  /** Each shard gets what is left of the budget. */
  async annotate(prepared: PreparedRun): Promise<AnnotationResult> {
    const { chunks, chunksPerShard } = prepared;
    this.asking.start();
    for (let firstChunk = 0; firstChunk < chunks; firstChunk += chunksPerShard) {
      const done = await this.annotateShard(prepared, firstChunk, Math.min(firstChunk + chunksPerShard, chunks));
      this.finished.corpus = addCounts(this.finished.corpus, done.corpus);
      this.finished.gold = addCounts(this.finished.gold, done.gold);
      this.finished.failedChunks += done.failedChunks;
    }
    this.report.annotated(this.finished);
    return this.finished;
  }

  private async annotateShard(prepared: PreparedRun, firstChunk: number, lastChunk: number): Promise<AnnotationResult> {
    const { corpus, gold } = this.finished;
    const left = leftOf(prepared.budget, spendingOf(addCounts(corpus, gold)));
    const paused = this.pausedByPerson;
    const workflowId = `${this.report.progress.workflowId}.annotation-${firstChunk / prepared.chunksPerShard + 1}`;
    const shard = await startOwnChild(workflowId, () =>
      startChild(annotation, {
        workflowId,
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        args: [{ prepared, firstChunk, lastChunk, left, paused }],
      }),
    );
    this.open = shard;
    try {
      // Somebody may have paused or resumed while it started.
      if (paused !== this.pausedByPerson) await this.tellShard(this.pausedByPerson);
      return await shard.result();
    } finally {
      this.open = null;
      this.shardPause = null;
      this.showPause();
    }
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

  private onNews({ batches, corpus, gold, pace, pauseReason }: AnnotationProgress): void {
    if (this.report.progress.stage !== 'annotate') return;
    this.shardPause = pauseReason;
    this.showPause();
    const counts = { corpus: addCounts(this.finished.corpus, corpus), gold: addCounts(this.finished.gold, gold) };
    this.report.annotating(counts, { seconds: this.asking.seconds(), pace, batches, now: Date.now() });
  }

  private showPause(): void {
    const reason = this.shardPause ?? (this.pausedByPerson ? PAUSED_BY_PERSON : null);
    this.report.setPause(reason);
    if (reason === null) this.asking.start();
    else this.asking.stop();
  }
}

/** Counts the seconds between start and stop, in the workflow's own time. */
class Stopwatch {
  private countedMs = 0;
  private since: number | null = null;

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
