/** One shard: a window of chunk activities, the shard's part of the budget, pause and resume. */
import {
  CancellationScope,
  CancelledFailure,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type AnnotationInput,
  type AnnotationResult,
  type ChunkResult,
  FailureType,
  type Grant,
} from '../contracts/index.js';
import { addCounts, emptyCounts } from '../voting/index.js';
import { annotationBoard } from './board.js';
import { causeOf, failureTypeOf } from './failures.js';
import { annotationProgressSignal, pauseSignal, resumeSignal } from './messages.js';
import { orchestratorStage, teacherStage } from './stages.js';

/** How often at most the root hears of progress: each time costs it history. */
const REPORTS = 20;

/** Failures after which no other chunk could do better. */
const FATAL: ReadonlySet<string> = new Set([
  FailureType.InvalidInput,
  FailureType.TeacherRefused,
  FailureType.TeacherUnreadable,
  FailureType.ArtifactDamaged,
]);

export async function annotation(input: AnnotationInput): Promise<AnnotationResult> {
  return new Shard(input).annotate();
}

class Shard {
  private readonly result: AnnotationResult = { corpus: emptyCounts(), gold: emptyCounts(), failedChunks: 0 };
  private readonly ledger: GrantLedger;
  private readonly chunks: number;
  private next: number;
  private done = 0;
  private paused: boolean;
  private pauseReason: string | null = null;
  private fatal: unknown = null;

  constructor(private readonly input: AnnotationInput) {
    this.next = input.firstChunk;
    this.chunks = input.lastChunk - input.firstChunk;
    this.paused = input.paused;
    this.ledger = new GrantLedger(input.left);
    setHandler(pauseSignal, () => this.pause('a person paused it'));
    setHandler(resumeSignal, () => this.resume());
  }

  async annotate(): Promise<AnnotationResult> {
    const { run, window } = this.input.prepared;
    await orchestratorStage.setControl({ run, state: this.paused ? 'paused' : 'running' });
    this.show();
    let stopped: Promise<void> | null = null;
    const stopSpending = () => {
      stopped ??= CancellationScope.nonCancellable(() => orchestratorStage.setControl({ run, state: 'cancelled' }));
    };
    // The control file reaches a chunk within a second; a cancellation waits for its next heartbeat.
    CancellationScope.current().cancelRequested.catch(stopSpending);
    const scope = new CancellationScope();
    const workers = scope.run(() =>
      Promise.allSettled(Array.from({ length: Math.min(window, this.chunks) }, () => this.work(scope, stopSpending))),
    );
    const settled = await CancellationScope.nonCancellable(() => workers);
    if (stopped !== null) await stopped;
    if (this.fatal !== null) throw this.fatal;
    for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason;
    await this.report();
    return this.result;
  }

  private async work(scope: CancellationScope, stopSpending: () => void): Promise<void> {
    while (this.next < this.input.lastChunk && this.fatal === null) {
      const chunk = this.next++;
      try {
        await this.annotateChunk(chunk);
      } catch (error) {
        if (this.fatal === null && !isCancellation(error)) {
          this.fatal = error;
          stopSpending();
          scope.cancel();
        }
        throw error;
      }
      this.done++;
      this.show();
      if (this.chunks <= REPORTS || this.done % Math.ceil(this.chunks / REPORTS) === 0) await this.report();
    }
  }

  private async annotateChunk(chunk: number): Promise<void> {
    const { prepared } = this.input;
    const calls = prepared.textsPerChunk * prepared.votesPerText;
    for (;;) {
      await condition(() => !this.paused);
      const grant = await this.ledger.grant(chunk, calls, prepared.worstCallMicros);
      if (grant === null) return;
      try {
        const result = await teacherStage.annotateChunk.executeWithOptions(
          { summary: `chunk ${chunk + 1} of ${prepared.chunks}` },
          [{ prepared, chunk, grant }],
        );
        this.settle(result);
        // More may have become free meanwhile; a chunk that the whole budget does not reach for stays as it is.
        if (result.complete || !this.ledger.couldGrow(chunk, grant)) return this.count(result);
      } catch (error) {
        const type = failureTypeOf(error);
        if (type === FailureType.Paused) continue;
        // The control file was quicker than the heartbeat.
        if (type === FailureType.Cancelled) throw new CancelledFailure('the run was cancelled');
        if (type === FailureType.TeacherUnreachable) {
          await this.pause(String((causeOf(error) as Error).message));
          continue;
        }
        if (isCancellation(error) || (type !== null && FATAL.has(type))) throw error;
        if (++this.result.failedChunks > prepared.maxFailedChunks) throw error;
        const left = await orchestratorStage.settleChunk({ prepared, chunk });
        this.settle(left);
        return this.count(left);
      }
    }
  }

  private settle(result: ChunkResult): void {
    this.ledger.settle(result.chunk, { micros: result.counts.spentMicros, calls: result.counts.calls });
  }

  private count(result: ChunkResult): void {
    this.result[result.set] = addCounts(this.result[result.set], result.counts);
  }

  private async pause(reason: string): Promise<void> {
    if (this.paused) return;
    this.paused = true;
    this.pauseReason = reason;
    await orchestratorStage.setControl({ run: this.input.prepared.run, state: 'paused' });
    this.show();
    await this.report();
  }

  private async resume(): Promise<void> {
    if (!this.paused) return;
    await orchestratorStage.setControl({ run: this.input.prepared.run, state: 'running' });
    this.paused = false;
    this.pauseReason = null;
    this.show();
    await this.report();
  }

  private show(): void {
    const { prepared } = this.input;
    setCurrentDetails(
      annotationBoard({
        ...this.result,
        prepared,
        done: this.done,
        chunks: this.chunks,
        pauseReason: this.pauseReason,
      }),
    );
  }

  private async report(): Promise<void> {
    const { parent } = workflowInfo();
    if (!parent) return;
    const { corpus, gold } = this.result;
    await getExternalWorkflowHandle(parent.workflowId, parent.runId)
      .signal(annotationProgressSignal, { corpus, gold, paused: this.paused, pauseReason: this.pauseReason })
      .catch((error) => {
        // The root is gone or going: its own cancellation ends this shard.
        if (isCancellation(error)) throw error;
      });
  }
}

/** The shard's part of the budget. A grant covers a chunk's whole spending, earlier attempts included, and stays reserved
 *  until the chunk has settled, so that the sum of all can't pass the budget. */
class GrantLedger {
  private readonly open = new Map<number, Grant>();
  private spent: { micros: number | null; calls: number } = { micros: 0, calls: 0 };
  private readonly settled = new Map<number, { micros: number | null; calls: number }>();

  constructor(private readonly left: Grant) {}

  /** null: nothing is left, and nothing that is out may come back. */
  async grant(chunk: number, calls: number, worstCallMicros: number | null): Promise<Grant | null> {
    const held = this.open.get(chunk);
    if (held !== undefined) return held;
    const before = this.settled.get(chunk) ?? { micros: 0, calls: 0 };
    // Room for calls that have to be repeated.
    const wantedCalls = Math.ceil(calls * 1.25) + 10;
    for (;;) {
      const free = this.free();
      const fits =
        (free.calls === null || free.calls > 0) && (free.micros === null || free.micros >= (worstCallMicros ?? 1));
      if (fits) {
        const grant: Grant = {
          calls: free.calls === null ? null : before.calls + Math.min(free.calls, wantedCalls),
          micros:
            free.micros === null
              ? null
              : (before.micros ?? 0) + Math.min(free.micros, wantedCalls * (worstCallMicros ?? 0)),
        };
        this.spent = { micros: minus(this.spent.micros, before.micros), calls: this.spent.calls - before.calls };
        this.settled.delete(chunk);
        this.open.set(chunk, grant);
        return grant;
      }
      if (this.open.size === 0) return null;
      const waitingFor = this.open.size;
      await condition(() => this.open.size < waitingFor);
    }
  }

  settle(chunk: number, spent: { micros: number | null; calls: number }): void {
    this.open.delete(chunk);
    this.settled.set(chunk, spent);
    this.spent = { micros: plus(this.spent.micros, spent.micros), calls: this.spent.calls + spent.calls };
  }

  /** Whether another grant for a settled chunk would be larger than the one that did not suffice, now or when others settle. */
  couldGrow(chunk: number, grant: Grant): boolean {
    if (this.open.size > 0) return true;
    const before = this.settled.get(chunk);
    const free = this.free();
    const callsGrow = grant.calls === null || free.calls === null || (before?.calls ?? 0) + free.calls > grant.calls;
    const microsGrow =
      grant.micros === null || free.micros === null || (before?.micros ?? 0) + free.micros > grant.micros;
    return callsGrow && microsGrow;
  }

  private free(): Grant {
    let { calls, micros } = this.left;
    for (const grant of this.open.values()) {
      calls = minus(calls, grant.calls);
      micros = minus(micros, grant.micros);
    }
    return {
      calls: calls === null ? null : Math.max(0, calls - this.spent.calls),
      micros: micros === null ? null : Math.max(0, micros - (this.spent.micros ?? micros)),
    };
  }
}

function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

function minus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b;
}
