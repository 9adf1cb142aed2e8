/** Asks the questions of one chunk, many at once, until every text has its votes or the chunk has to stop. */
import type { StoredReply, TextRow, Vote } from '../contracts/index.js';
import type { ChunkJob, ChunkPorts } from './annotate-chunk.js';
import { type AskingPorts, askQuestion } from './ask-question.js';
import { CallBudget } from './call-budget.js';
import type { Lane } from './call-limiter.js';
import { questionOf } from './chunk-questions.js';
import type { ChunkWatch } from './chunk-watch.js';
import { ReadableShare } from './readable-share.js';
import type { ReplyJournal } from './reply-journal.js';
import type { Ledger } from './reply-ledger.js';
import { nextWave, type PlannedQuestion } from './vote-plan.js';

export interface ChunkRunParts {
  readonly job: ChunkJob;
  readonly ports: ChunkPorts;
  readonly journal: ReplyJournal;
  readonly watch: ChunkWatch;
  /** Of all owners, when this one began. */
  readonly ledger: Ledger;
  readonly plan: readonly PlannedQuestion[];
  /** Replies that are paid for, by key. */
  readonly known: ReadonlyMap<string, StoredReply>;
}

export class ChunkRun {
  private readonly asking: AskingPorts;
  private readonly lane: Lane;
  private readonly labelNames: readonly string[];
  private texts = 0;
  private calls: number;
  private exhausted = false;
  private readonly readable = new ReadableShare();

  constructor(private readonly parts: ChunkRunParts) {
    const { job, journal, ledger, ports, watch } = parts;
    const { labels, teacher: settings } = job.task;
    this.labelNames = labels.map((label) => label.name);
    this.calls = ledger.spent.calls;
    // Of one run are the chunks that it controls together.
    this.lane = ports.limiter.enter(job.controlPath);
    this.asking = {
      teacher: ports.teacher,
      limiter: ports.limiter,
      lane: this.lane,
      budget: new CallBudget(job.grant, ledger.spent),
      journal,
      watch,
      labels,
      price: job.price,
      attempts: settings.attempts,
      deadAfterMs: settings.deadAfterSeconds * 1000,
      earlierFailures: ledger.failures,
      onCall: () => {
        this.calls++;
        this.report();
      },
    };
  }

  /** keys: of each text's questions, in the order of the plan. false: the grant was used up. Throws why it had to stop. */
  async annotate(rows: readonly TextRow[], keys: readonly (readonly string[])[]): Promise<boolean> {
    const queue = rows.entries();
    const workers = Math.min(rows.length, this.parts.ports.limiter.concurrency);
    try {
      await Promise.all(Array.from({ length: workers }, () => this.work(queue, keys)));
    } finally {
      this.lane.leave();
    }
    this.parts.watch.stopping.throwIfAborted();
    return !this.exhausted;
  }

  /** One of the workers that share the queue. Never rejects: the first failure stops all, and each ends when its own calls
   *  have ended, so that every reply is in the journal before it is closed. */
  private async work(queue: Iterable<[number, TextRow]>, keys: readonly (readonly string[])[]): Promise<void> {
    const { watch } = this.parts;
    try {
      for (const [index, row] of queue) {
        if (this.exhausted || watch.stopping.aborted) return;
        await this.annotateText(row, keys[index] ?? []);
      }
    } catch (error) {
      watch.stop(error);
    }
  }

  private async annotateText(row: TextRow, keys: readonly string[]): Promise<void> {
    const { job, plan } = this.parts;
    const votes: Vote[] = [];
    for (;;) {
      const wave = nextWave(votes, plan.length, this.labelNames, job.task.votes);
      if (wave === 0) break;
      const asked = plan.slice(votes.length, votes.length + wave);
      const replies = await Promise.all(
        asked.map((planned, index) => this.reply(row, planned, keys[votes.length + index] ?? '')),
      );
      for (const reply of replies) {
        if (reply === null) return;
        votes.push(reply.vote);
      }
    }
    this.texts++;
    this.report();
  }

  /** null: there is none, because the grant is used up or the chunk has to stop. A failure stops the chunk at once: the
   *  text's other questions may be waiting for long. */
  private async reply(row: TextRow, planned: PlannedQuestion, key: string): Promise<StoredReply | null> {
    const { job, known, ports, watch } = this.parts;
    const paid = known.get(key);
    if (paid !== undefined) return paid;
    try {
      const reply = await askQuestion(questionOf(job, ports.teacher, row, planned), this.asking);
      if (reply === null) this.exhausted = true;
      else this.readable.check(reply);
      return reply;
    } catch (error) {
      watch.stop(error);
      return null;
    }
  }

  private report(): void {
    this.parts.ports.onProgress({ texts: this.texts, calls: this.calls });
  }
}
