/** Asking the teacher as the root workflow sees it: shards one after another, their progress and their part of the budget, pause
 *  and resume. The run's own texts are asked about first, then those of each revision. Longer than others: what is told to the open
 *  shard and what it tells share one state. */
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
import type {
  AnnotationCounts,
  AnnotationResult,
  Grant,
  PreparedRun,
  RevisedRun,
  RunState,
} from '../contracts/index.js';
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

const NOTHING: AnnotationResult = { corpus: emptyCounts(), gold: emptyCounts(), failedChunks: 0 };

/** What the run carries over of this stage. */
export type CarriedStage = Pick<
  RunState,
  'nextChunk' | 'finished' | 'before' | 'pausedByPerson' | 'askingSeconds' | 'budget' | 'prepared'
>;

/** Texts that are being asked about, or were last. */
interface Asking {
  readonly prepared: PreparedRun;
  /** What their shards are called. */
  readonly name: string;
  nextChunk: number;
  /** By the shards that have ended. */
  finished: AnnotationResult;
  readonly stopwatch: Stopwatch;
}

export class Shards {
  /** null: the run has not been prepared. */
  private asking: Asking | null = null;
  /** Of what was asked before these. */
  private before: AnnotationResult = NOTHING;
  private readonly signals = new InOrder();
  private readonly budget: BudgetKeeper;
  private open: ChildWorkflowHandle<typeof annotation> | null = null;
  /** Of the shard that is open. */
  private news: AnnotationProgress | null = null;
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
  prepare(prepared: PreparedRun, carried: RunState | null): void {
    this.budget.open(prepared, carried?.budget ?? null);
    const revision = carried?.labels?.asking?.run;
    if (revision === undefined) this.begin(prepared, SHARDS_OF_RUN, carried);
    else this.begin(revision.prepared, shardsOf(revision), carried);
    if (carried === null) return;
    this.before = carried.before ?? NOTHING;
    this.pausedByPerson = carried.pausedByPerson;
  }

  /** To carry over. Only while no shard is open. */
  carried(prepared: PreparedRun): CarriedStage {
    const { before, budget, pausedByPerson } = this;
    const { finished, nextChunk, stopwatch } = this.atHand;
    const askingSeconds = stopwatch.seconds();
    return { prepared, nextChunk, finished, before, pausedByPerson, askingSeconds, budget: budget.state };
  }

  /** Of all that was asked so far. A text counts once, however often it was asked about. */
  get total(): AnnotationResult {
    const { finished, name } = this.atHand;
    const { corpus, failedChunks, gold } = finished;
    if (name === SHARDS_OF_RUN) return finished;
    const spent = { corpus: { ...corpus, texts: 0 }, gold: { ...gold, texts: 0 }, failedChunks };
    return addResults(this.before, spent);
  }

  /** What is being asked, or was last, and what was spent before it. */
  get now(): { readonly prepared: PreparedRun; readonly before: AnnotationResult } {
    return { prepared: this.atHand.prepared, before: this.before };
  }

  /** Of the budget. */
  get left(): Grant {
    return this.shardBudget().limits;
  }

  /** Nothing is asked any more. */
  close(): void {
    this.budget.close();
  }

  /** Waits while a person has paused the run. */
  async untilResumed(): Promise<void> {
    await condition(() => !this.pausedByPerson);
  }

  /** Each shard gets what is left of the budget. null: it is time to continue as new, between two shards. */
  async annotate(): Promise<AnnotationResult | null> {
    const finished = await this.ask();
    if (finished !== null) this.report.annotated(finished);
    return finished;
  }

  /** Asks about the texts of a revision. Returns what it came to; null: it is time to continue as new. */
  async askAgain(revision: RevisedRun): Promise<AnnotationResult | null> {
    if (this.atHand.name !== shardsOf(revision)) {
      this.before = this.total;
      this.begin(revision.prepared, shardsOf(revision), null);
      if (mustContinueAsNew()) return null;
    }
    const finished = await this.ask();
    if (finished !== null) this.report.annotated(this.total);
    return finished;
  }

  private begin(prepared: PreparedRun, name: string, carried: CarriedStage | null): void {
    const { askingSeconds = 0, finished = NOTHING, nextChunk = 0 } = carried ?? {};
    this.asking = { prepared, name, nextChunk, finished, stopwatch: new Stopwatch(askingSeconds) };
    this.report.asking(prepared, finished.corpus.texts + finished.gold.texts);
  }

  private async ask(): Promise<AnnotationResult | null> {
    const asking = this.atHand;
    const { chunks, chunksPerShard } = asking.prepared;
    this.showPause();
    for (let shards = 0; asking.nextChunk < chunks; shards++) {
      if (shards > 0 && mustContinueAsNew()) return null;
      const lastChunk = Math.min(asking.nextChunk + chunksPerShard, chunks);
      const done = await this.annotateShard(asking, lastChunk);
      asking.nextChunk = lastChunk;
      asking.finished = addResults(asking.finished, done);
    }
    return asking.finished;
  }

  private async annotateShard({ name, nextChunk, prepared }: Asking, lastChunk: number): Promise<AnnotationResult> {
    const budget = this.shardBudget();
    const paused = this.pausedByPerson;
    const shardNumber = nextChunk / prepared.chunksPerShard + 1;
    const workflowId = `${this.report.progress.workflowId}.${name}-${shardNumber}`;
    const shard = await startOwnChild(workflowId, () =>
      startChild(annotation, {
        workflowId,
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        args: [{ prepared, firstChunk: nextChunk, lastChunk, budget, paused, carried: null }],
      }),
    );
    this.open = shard;
    const attending = new CancellationScope();
    const attended = attending.run(() => this.budget.attend(() => ({ prepared, spent: spendingOf(this.asked) })));
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
      this.news = null;
      this.shardPause = null;
      this.budget.shardEnded();
      attending.cancel();
      await CancellationScope.nonCancellable(() => attended.catch(() => undefined));
      this.showPause();
    }
  }

  /** Of the shard that is open, or of the next one. */
  private shardBudget() {
    return this.budget.shardPart(spendingOf(bothSets(this.total)));
  }

  /** Of the texts that are being asked about, by what the open shard told last. */
  private get asked(): AnnotationCounts {
    return bothSets(addSets(this.atHand.finished, this.news ?? NOTHING));
  }

  private get atHand(): Asking {
    if (this.asking === null) throw new RangeError('the run has not been prepared');
    return this.asking;
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

  private onNews(news: AnnotationProgress): void {
    if (this.report.progress.stage !== 'annotate') return;
    const { batches, budget, pace, pauseReason } = news;
    this.news = news;
    this.shardPause = pauseReason;
    const { calls, texts } = this.asked;
    const seconds = this.atHand.stopwatch.seconds();
    this.report.annotating(addSets(this.total, news), { calls, texts, seconds, pace, batches, now: Date.now() });
    this.budget.heard(budget);
    this.showPause();
  }

  private showPause(): void {
    const reason = this.shardPause ?? (this.pausedByPerson ? PAUSED_BY_PERSON : null);
    this.report.setPause(reason);
    if (reason === null && !this.budget.usedUp) this.asking?.stopwatch.start();
    else this.asking?.stopwatch.stop();
  }
}

const SHARDS_OF_RUN = 'annotation';

function shardsOf({ number }: RevisedRun): string {
  return `revision-${number}`;
}

function mustContinueAsNew(): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= MOST_EVENTS;
}

type Sets = Pick<AnnotationResult, 'corpus' | 'gold'>;

function addSets(a: Sets, b: Sets): Sets {
  return { corpus: addCounts(a.corpus, b.corpus), gold: addCounts(a.gold, b.gold) };
}

function addResults(a: AnnotationResult, b: AnnotationResult): AnnotationResult {
  return { ...addSets(a, b), failedChunks: a.failedChunks + b.failedChunks };
}

function bothSets({ corpus, gold }: Sets): AnnotationCounts {
  return addCounts(corpus, gold);
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
