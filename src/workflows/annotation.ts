/** One shard: a window of chunk activities, the shard's part of the budget, pause and resume. Continues as new where its
 *  history gets long, once the chunks at work have ended. Longer than others: grants, pause, batches and the end share one state. */
import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  patched,
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
  type ShardBudget,
  ShardState,
} from '../contracts/index.js';
import { addCounts, emptyCounts, spendingOf } from '../voting/index.js';
import { annotationBoard } from './board.js';
import { failureTypeOf, messageOf } from './failures.js';
import { GrantLedger } from './grant-ledger.js';
import { InOrder } from './in-order.js';
import {
  annotationProgressSignal,
  PAUSED_BY_PERSON,
  pauseSignal,
  resumeSignal,
  shardBudgetSignal,
} from './messages.js';
import { OpenBatches } from './open-batches.js';
import { controlStage, orchestratorStage, teacherStage } from './stages.js';

/** How often at most the root hears of progress: each time costs it history. */
const REPORTS = 20;

/** Where the server suggests to continue as new (4,096 events), the last chunks have ended. */
const MOST_EVENTS = 3_900;
/** An activity's three, those of the workflow task that hears of it, and some for a report or a second try. */
const EVENTS_A_CHUNK = 10;
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

/** Failures after which the shard pauses until somebody has mended the cause. */
const PAUSING: ReadonlySet<string> = new Set([FailureType.TeacherUnreachable, FailureType.StoreFull]);

export async function annotation(input: AnnotationInput): Promise<AnnotationResult> {
  const shard = new Shard(input);
  try {
    if (await shard.annotate()) return shard.result;
    // A signal may still change what is carried over.
    await condition(allHandlersFinished);
    return await continueAsNew<typeof annotation>({ ...input, carried: shard.state });
  } finally {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

class Shard {
  readonly result: AnnotationResult;
  private readonly ledger: GrantLedger;
  private readonly chunks: number;
  private readonly scope = new CancellationScope();
  private readonly controlWrites = new InOrder();
  private readonly batches: OpenBatches;
  /** Chunks that may have batches open. */
  private readonly inBatches = new Set<number>();
  private next: number;
  private done: number;
  /** What chunks that are not done have come to so far. */
  private readonly partly = new Map<number, ChunkResult>();
  private budget: ShardBudget;
  /** Chunks that nothing is left for. */
  private readonly short = new Set<number>();
  /** Chunks wait while it is true; it follows pauseReason once chunks can see so. */
  private paused: boolean;
  private pauseReason: string | null;
  private pace: Pace | null;
  private fatal: unknown = null;
  private stopped: Promise<void> | null = null;
  /** No further chunk is begun in this execution. */
  private draining = false;

  constructor(private readonly input: AnnotationInput) {
    const carried = ShardState.nullable().parse(input.carried);
    this.chunks = input.lastChunk - input.firstChunk;
    this.next = carried?.nextChunk ?? input.firstChunk;
    this.done = carried?.done ?? 0;
    this.result = carried?.result ?? { corpus: emptyCounts(), gold: emptyCounts(), failedChunks: 0 };
    this.paused = carried?.paused ?? input.paused;
    this.pauseReason = carried === null ? (input.paused ? PAUSED_BY_PERSON : null) : carried.pauseReason;
    this.pace = carried?.pace ?? null;
    this.budget = carried?.budget ?? input.budget;
    const { limits } = this.budget;
    this.ledger = carried === null ? new GrantLedger(limits) : GrantLedger.carried(limits, carried);
    this.batches = new OpenBatches(input.prepared, (news) => this.lookedAtBatches(news));
    setHandler(pauseSignal, () => this.pause(PAUSED_BY_PERSON));
    setHandler(resumeSignal, () => this.resume());
    setHandler(shardBudgetSignal, (budget) => this.setBudget(budget));
  }

  /** To carry over. Only when no chunk is at work. */
  get state(): ShardState {
    const { budget, done, ledger, next: nextChunk, pace, paused, pauseReason, result } = this;
    const { total: taken, withoutGrant } = ledger;
    return { nextChunk, done, result, taken, withoutGrant, budget, paused, pauseReason, pace };
  }

  /** Resolves to whether all chunks are done; false: it is time to continue as new. */
  async annotate(): Promise<boolean> {
    if (this.input.carried === null) {
      await this.beginControl();
      if (patched('spent-before')) await this.reserveSpent();
    }
    this.show();
    CancellationScope.current().cancelRequested.catch(() => this.stopSpending());
    const workers = Math.min(this.input.prepared.window, this.input.lastChunk - this.next);
    const ends = await this.scope.run(() =>
      Promise.allSettled(Array.from({ length: workers }, () => this.takeChunks())),
    );
    if (this.stopped !== null) await this.stopped;
    if (this.inBatches.size > 0) await CancellationScope.nonCancellable(() => this.closeBatches());
    if (this.fatal !== null) throw this.fatal;
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return this.next === this.input.lastChunk;
  }

  /** One of the workers of the window. The first fatal failure stops all. */
  private async takeChunks(): Promise<void> {
    while (this.next < this.input.lastChunk && this.fatal === null && !this.mustDrain()) {
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
        this.partly.set(chunk, last);
      } catch (error) {
        last = await this.resultOfFailed(chunk, error);
        if (last !== null) break;
      }
    }
    this.partly.delete(chunk);
    if (last !== null) this.result[last.set] = addCounts(this.result[last.set], last.counts);
  }

  /** Chunks at work, at most as many as the window is wide, are waited for: they add to the history, too. */
  private mustDrain(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    const toCome = EVENTS_A_CHUNK * this.input.prepared.window;
    this.draining ||= continueAsNewSuggested || historyLength + toCome > MOST_EVENTS;
    return this.draining;
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
    if (type !== null && PAUSING.has(type)) {
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

  /** Waits while the run is paused, while other chunks may still give back what this one needs, and where the run does so
   *  while nothing is left. null: there will be no more. */
  private async grantFor(chunk: number): Promise<Grant | null> {
    const { textsPerChunk, votesPerText, worstCall } = this.input.prepared;
    for (;;) {
      await condition(() => !this.paused);
      const grant = this.ledger.request(chunk, { calls: textsPerChunk * votesPerText, worstCall });
      const lacks = grant === null && this.budget.waits;
      const seen = this.ledger.changes;
      if (lacks !== this.short.has(chunk)) await this.setShort(chunk, lacks);
      if (grant !== 'wait' && !lacks) return grant;
      await condition(() => this.ledger.changes > seen);
    }
  }

  /** The root hears of it when the first chunk lacks budget, and when none does any more. */
  private async setShort(chunk: number, lacks: boolean): Promise<void> {
    const before = this.short.size > 0;
    if (lacks) this.short.add(chunk);
    else this.short.delete(chunk);
    if (before === this.short.size > 0) return;
    this.show();
    await this.report();
  }

  /** Runs in a signal handler. */
  private setBudget(budget: ShardBudget): void {
    if (budget.version <= this.budget.version) return;
    this.budget = budget;
    this.ledger.limitTo(budget.limits);
  }

  private settle({ chunk, counts }: ChunkResult): void {
    this.ledger.settle(chunk, spendingOf(counts));
  }

  /** Chunks may still find what an earlier shard had written. */
  private async beginControl(): Promise<void> {
    try {
      await this.writeControl(this.paused ? 'paused' : 'running');
    } catch (error) {
      const type = failureTypeOf(error);
      if (type === null || !PAUSING.has(type)) throw error;
      await this.pause(messageOf(error));
    }
  }

  /** A chunk's grant covers what it spent before; until it has one, the others must not get that part of the budget. */
  private async reserveSpent(): Promise<void> {
    const { firstChunk, prepared } = this.input;
    for (const { chunk, spent } of await orchestratorStage.spentBefore({ prepared, firstChunk })) {
      this.ledger.spentBefore(chunk, spent);
    }
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
      // They would find the pause in the file again and again.
      if (reason === null) this.pauseReason ??= messageOf(error);
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
      await controlStage.setControl({ run: this.input.prepared.run, state });
    });
  }

  private async lookedAtBatches(news: boolean): Promise<void> {
    this.show();
    if (news) await this.report();
  }

  /** Of chunks that are done, and of those at work as far as is known. */
  private get counts(): AnnotationResult {
    const counts = { ...this.result };
    for (const { counts: partial, set } of this.partly.values()) counts[set] = addCounts(counts[set], partial);
    return counts;
  }

  private show(): void {
    const { input, counts, done, chunks, pace, pauseReason } = this;
    const [batches, usedUp] = [this.batches.progress, this.short.size > 0];
    setCurrentDetails(
      annotationBoard({ ...counts, prepared: input.prepared, done, chunks, pace, batches, pauseReason, usedUp }),
    );
  }

  private async report(): Promise<void> {
    const { parent } = workflowInfo();
    if (!parent) return;
    const { corpus, gold } = this.counts;
    const root = getExternalWorkflowHandle(parent.workflowId, parent.runId);
    const { pace, pauseReason } = this;
    const budget = { usedUp: this.short.size > 0, version: this.budget.version };
    const news = { corpus, gold, pace, batches: this.batches.progress, pauseReason, budget };
    await CancellationScope.nonCancellable(() => root.signal(annotationProgressSignal, news)).catch((error) => {
      log.warn('the root did not hear of the progress: it has ended', { problem: messageOf(error) });
    });
  }
}
