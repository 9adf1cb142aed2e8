/** Waits for the batches of a shard's chunks by timers that outlive every worker. One look asks after all of them. */
import { condition, log, sleep } from '@temporalio/workflow';
import type { BatchProgress, PreparedRun } from '../contracts/index.js';
import { FailureType } from '../contracts/index.js';
import { failureTypeOf, messageOf } from './failures.js';
import { teacherStage } from './stages.js';

/** A look is late by at most this share of the time that the oldest batch has taken: looks cost history. */
const LATE_BY = 0.1;
/** Of the news to the root, which cost it history. */
const STEPS = 20;
const LONGEST_PAUSE_MS = 15 * 60_000;
const LONGEST_WAIT_MS = 2 * 3_600_000;

export class OpenBatches {
  /** Chunks that wait, and since when. */
  private readonly waiting = new Map<number, number>();
  private looking = false;
  private failure: unknown = null;
  private ends = 0;
  private seen: BatchProgress | null = null;

  private told = -1;

  /** onLook: told after each look; news: the share of answers has changed by a step. */
  constructor(
    private readonly prepared: PreparedRun,
    private readonly onLook: (news: boolean) => Promise<void>,
  ) {}

  /** Of all that are open, as the last look saw them; null: none. */
  get progress(): BatchProgress | null {
    return this.waiting.size === 0 ? null : this.seen;
  }

  /** Waits until the chunk has something to do: its batches have ended. */
  async untilEnded(chunk: number): Promise<void> {
    this.waiting.set(chunk, Date.now());
    if (!this.looking) this.look();
    await condition(() => !this.waiting.has(chunk) || this.failure !== null);
    if (this.failure !== null) throw this.failure;
  }

  /** Waits until batches of another chunk have ended, which makes room at the provider, but not for longer than that, doubled
   *  for each time that there was no room: each try costs an upload, and history. */
  async untilRoom(waitMs: number, refusals: number): Promise<void> {
    const { ends } = this;
    await condition(() => this.ends > ends, Math.min(LONGEST_WAIT_MS, waitMs * 2 ** refusals));
  }

  /** Goes on while anybody waits. Its failure is the failure of all who do. */
  private async look(): Promise<void> {
    this.looking = true;
    try {
      while (this.waiting.size > 0) {
        await sleep(this.pauseMs());
        await this.lookOnce();
        const { answered, requests } = this.progress ?? { answered: 0, requests: 0 };
        const share = requests === 0 ? 0 : Math.floor((STEPS * answered) / requests);
        const news = share !== this.told;
        this.told = share;
        await this.onLook(news);
      }
    } catch (error) {
      this.failure = error;
    } finally {
      this.looking = false;
    }
  }

  private async lookOnce(): Promise<void> {
    const { prepared } = this;
    try {
      const { ended, progress } = await teacherStage.lookAtBatches({ prepared, chunks: [...this.waiting.keys()] });
      this.seen = progress;
      for (const chunk of ended) {
        this.waiting.delete(chunk);
        this.ends++;
      }
    } catch (error) {
      if (failureTypeOf(error) !== FailureType.TeacherUnreachable) throw error;
      log.warn('the provider could not be asked after its batches; it is asked again', { problem: messageOf(error) });
    }
  }

  private pauseMs(): number {
    const { pollMs = 0 } = this.prepared.batches ?? {};
    const takenMs = Date.now() - Math.min(...this.waiting.values());
    return Math.max(pollMs, Math.min(LONGEST_PAUSE_MS, LATE_BY * takenMs));
  }
}
