/** One shard: a window of chunk activities, the shard's part of the budget, pause and resume. */
import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type AnnotationInput,
  type AnnotationResult,
  type ChunkInput,
  type ChunkResult,
  type ControlInput,
  FailureType,
  type Grant,
  type Pace,
} from '../contracts/index.js';
import { addCounts, emptyCounts, spendingOf } from '../voting/index.js';
import { annotationBoard } from './board.js';
import { failureTypeOf, messageOf } from './failures.js';
import { GrantLedger } from './grant-ledger.js';
import { InOrder } from './in-order.js';
import { annotationProgressSignal, PAUSED_BY_PERSON, pauseSignal, resumeSignal } from './messages.js';
import { OpenBatches } from './open-batches.js';
import { orchestratorStage, teacherStage } from './stages.js';

/** How often at most the root hears of progress: each time costs it history. */
const REPORTS = 20;

/** A provider takes up to ten minutes to cancel a batch (openai-node's src/resources/batches.ts). */
const CLOSING_MS = 15 * 60_000;
const CLOSING_POLL_MS = 15_000;

/** Failures after which no other chunk could do better. */
const FATAL: ReadonlySet<string> = new Set([
  FailureType.InvalidInput,
  FailureType.TeacherRefused,
  FailureType.TeacherUnreadable,
  FailureType.ArtifactDamaged,
]);

export async function annotation(input: AnnotationInput): Promise<AnnotationResult> {
  const shard = new Shard(input);
  try {
    return await shard.annotate();
  } finally {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

class Shard {
  private readonly result: AnnotationResult = { corpus: emptyCounts(), gold: emptyCounts(), failedChunks: 0 };
  private readonly ledger: GrantLedger;
  private readonly chunks: number;
  private readonly scope = new CancellationScope();
  private readonly controlWrites = new InOrder();
  private readonly batches: OpenBatches;
  /** Chunks that may have batches open. */
  private readonly inBatches = new Set<number>();
  private next: number;
  private done = 0;
  /** Chunks wait while it is true; it follows pauseReason once chunks can see so. */
  private paused: boolean;
  private pauseReason: string | null;
  private pace: Pace | null = null;
  private fatal: unknown = null;
  private stopped: Promise<void> | null = null;

  constructor(private readonly input: AnnotationInput) {
    this.next = input.firstChunk;
    this.chunks = input.lastChunk - input.firstChunk;
    this.paused = input.paused;
    this.pauseReason = input.paused ? PAUSED_BY_PERSON : null;
    this.ledger = new GrantLedger(input.left);
    this.batches = new OpenBatches(input.prepared, (news) => this.lookedAtBatches(news));
    setHandler(pauseSignal, () => this.pause(PAUSED_BY_PERSON));
    setHandler(resumeSignal, () => this.resume());
  }

  async annotate(): Promise<AnnotationResult> {
    await this.writeControl(this.paused ? 'paused' : 'running');
    this.show();
    CancellationScope.current().cancelRequested.catch(() => this.stopSpending());
    const workers = Math.min(this.input.prepared.window, this.chunks);
    const ends = await this.scope.run(() =>
      Promise.allSettled(Array.from({ length: workers }, () => this.takeChunks())),
    );
    if (this.stopped !== null) await this.stopped;
    if (this.inBatches.size > 0) await CancellationScope.nonCancellable(() => this.closeBatches());
    if (this.fatal !== null) throw this.fatal;
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return this.result;
  }

  /** One of the workers of the window. The first fatal failure stops all. */
  private async takeChunks(): Promise<void> {
    while (this.next < this.input.lastChunk && this.fatal === null) {
      const chunk = this.next++;
      try {
        await this.annotateChunk(chunk);
      } catch (error) {
        if (this.fatal === null && !isCancellation(error)) {
          this.fatal = error;
          this.stopSpending();
          this.scope.cancel();
        }
        throw error;
      }
      this.done++;
      this.show();
      if (this.done === this.chunks || this.done % Math.ceil(this.chunks / REPORTS) === 0) await this.report();
    }
  }

  private async annotateChunk(chunk: number): Promise<void> {
    const { prepared } = this.input;
    let last: ChunkResult | null = null;
    while (last === null || !last.complete) {
      const grant = await this.grantFor(chunk);
      if (grant === null) break;
      try {
        last = await this.askChunk({ prepared, chunk, grant });
        this.pace = last.pace ?? null;
        this.settle(last);
      } catch (error) {
        last = await this.resultOfFailed(chunk, error);
        if (last !== null) break;
      }
    }
    if (last !== null) this.result[last.set] = addCounts(this.result[last.set], last.counts);
  }

  private async askChunk(input: ChunkInput): Promise<ChunkResult> {
    const { chunk, prepared } = input;
    const options = { summary: `chunk ${chunk + 1} of ${prepared.chunks}` };
    if (!prepared.batches) return teacherStage.annotateChunk.executeWithOptions(options, [input]);
    this.inBatches.add(chunk);
    let refusals = 0;
    for (;;) {
      const { result, waitMs } = await teacherStage.stepChunk.executeWithOptions(options, [input]);
      if (result !== null) {
        this.inBatches.delete(chunk);
        return result;
      }
      if (waitMs === null) await this.batches.untilEnded(chunk);
      else await this.batches.untilRoom(waitMs, refusals++);
    }
  }

  /** Cancels what is still open at the provider, and keeps what it answered. Does not throw: the shard ends anyway. */
  private async closeBatches(): Promise<void> {
    const { prepared } = this.input;
    let chunks = [...this.inBatches];
    const giveUpAt = Date.now() + CLOSING_MS;
    while (chunks.length > 0 && Date.now() < giveUpAt) {
      try {
        chunks = await teacherStage.closeBatches({ prepared, chunks });
      } catch (error) {
        log.warn('batches could not be cancelled', { problem: messageOf(error) });
        if (failureTypeOf(error) !== FailureType.TeacherUnreachable) break;
      }
      if (chunks.length > 0) await sleep(Math.min(CLOSING_POLL_MS, prepared.batches?.pollMs ?? CLOSING_POLL_MS));
    }
    if (chunks.length > 0) log.error('batches are still open; their questions count at their worst', { chunks });
  }

  /** What a chunk that failed for good had come to; null: it is to be tried again. Throws where the shard has to end. */
  private async resultOfFailed(chunk: number, error: unknown): Promise<ChunkResult | null> {
    const { prepared } = this.input;
    const type = failureTypeOf(error);
    if (type === FailureType.Paused) return null;
    // The control file was quicker than the heartbeat.
    if (type === FailureType.Cancelled) throw new CancelledFailure('the run was cancelled');
    if (type === FailureType.TeacherUnreachable) {
      await this.pause(messageOf(error));
      return null;
    }
    if (isCancellation(error) || (type !== null && FATAL.has(type))) throw error;
    this.result.failedChunks++;
    if (this.result.failedChunks > prepared.maxFailedChunks) throw error;
    const settled = await orchestratorStage.settleChunk({ prepared, chunk });
    this.settle(settled);
    return settled;
  }

  /** Waits while the run is paused, or while other chunks may still give back what this one needs. */
  private async grantFor(chunk: number): Promise<Grant | null> {
    const { textsPerChunk, votesPerText, worstCall } = this.input.prepared;
    for (;;) {
      await condition(() => !this.paused);
      const grant = this.ledger.request(chunk, { calls: textsPerChunk * votesPerText, worstCall });
      if (grant !== 'wait') return grant;
      const seen = this.ledger.changes;
      await condition(() => this.ledger.changes > seen);
    }
  }

  private settle({ chunk, counts }: ChunkResult): void {
    this.ledger.settle(chunk, spendingOf(counts));
  }

  private async pause(reason: string): Promise<void> {
    if (this.pauseReason !== null) return;
    this.paused = true;
    await this.changePause(reason);
  }

  private async resume(): Promise<void> {
    if (this.pauseReason === null) return;
    await this.changePause(null);
  }

  /** Runs in signal handlers, whose failure would end the shard under its chunks: it doesn't throw. */
  private async changePause(reason: string | null): Promise<void> {
    this.pauseReason = reason;
    this.show();
    try {
      await this.writeControl(reason === null ? 'running' : 'paused');
    } catch (error) {
      log.error('chunks at work do not hear of the pause or its end', { problem: messageOf(error) });
    }
    // Somebody may have changed it again meanwhile.
    this.paused = this.pauseReason !== null;
    await this.report();
  }

  /** The control file reaches a chunk within a second; a cancellation waits for its next heartbeat. */
  private stopSpending(): void {
    this.stopped ??= this.writeControl('cancelled').catch((error) => {
      log.error('chunks at work hear of the stop only with their next heartbeat', { problem: messageOf(error) });
    });
  }

  private writeControl(state: ControlInput['state']): Promise<void> {
    return this.controlWrites.run(async () => {
      // A stop is for good.
      if (this.stopped !== null && state !== 'cancelled') return;
      await orchestratorStage.setControl({ run: this.input.prepared.run, state });
    });
  }

  private async lookedAtBatches(news: boolean): Promise<void> {
    this.show();
    if (news) await this.report();
  }

  private show(): void {
    const { input, result, done, chunks, pace, pauseReason } = this;
    const batches = this.batches.progress;
    setCurrentDetails(
      annotationBoard({ ...result, prepared: input.prepared, done, chunks, pace, batches, pauseReason }),
    );
  }

  private async report(): Promise<void> {
    const { parent } = workflowInfo();
    if (!parent) return;
    const { corpus, gold } = this.result;
    const root = getExternalWorkflowHandle(parent.workflowId, parent.runId);
    const { pace, pauseReason } = this;
    const news = { corpus, gold, pace, batches: this.batches.progress, pauseReason };
    await CancellationScope.nonCancellable(() => root.signal(annotationProgressSignal, news)).catch((error) => {
      log.warn('the root did not hear of the progress: it has ended', { problem: messageOf(error) });
    });
  }
}
