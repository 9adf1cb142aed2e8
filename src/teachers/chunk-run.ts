/** Asks the questions of one chunk, many at once, until every text has its votes or the chunk has to stop. */
import type { StoredReply, TextRow, Vote } from '../contracts/index.js';
import type { ChunkJob, ChunkPorts } from './annotate-chunk.js';
import { type AskingPorts, askQuestion } from './ask-question.js';
import { askedBy, type ByName } from './asked-teacher.js';
import { CallBudget } from './call-budget.js';
import { questionOf } from './chunk-questions.js';
import type { ChunkWatch } from './chunk-watch.js';
import { ReadableShare } from './readable-share.js';
import type { ReplyJournal } from './reply-journal.js';
import type { Ledger } from './reply-ledger.js';
import type { PlannedQuestion, VotePlan } from './vote-plan.js';

export interface ChunkRunParts {
  readonly job: ChunkJob;
  /** teachers: those that answer at once. */
  readonly ports: Pick<ChunkPorts, 'teachers' | 'onProgress'>;
  readonly journal: ReplyJournal;
  readonly watch: ChunkWatch;
  /** Of all owners, when this one began. */
  readonly ledger: Ledger;
  readonly plan: VotePlan;
  /** Replies that are paid for, by key. */
  readonly known: ReadonlyMap<string, StoredReply>;
}

interface Asking extends AskingPorts {
  readonly readable: ReadableShare;
}

export class ChunkRun {
  private readonly asking: ByName<Asking>;
  private texts = 0;
  private calls: number;
  private exhausted = false;

  constructor(private readonly parts: ChunkRunParts) {
    const { job, journal, ledger, ports, watch } = parts;
    this.calls = ledger.spent.calls;
    const budget = new CallBudget(job.grant, ledger.spent);
    const onCall = () => {
      this.calls++;
      this.report();
    };
    const asking = [...ports.teachers].map(([name, { limiter, price, settings, teacher }]): [string, Asking] => {
      // Of one run are the chunks that it controls together.
      const lane = limiter.enter(job.controlPath);
      const { attempts, deadAfterSeconds } = settings;
      const asked = { name, teacher, limiter, lane, price, attempts, deadAfterMs: deadAfterSeconds * 1000 };
      const shared = { budget, journal, watch, labels: job.task.labels, earlierFailures: ledger.failures, onCall };
      return [name, { ...asked, ...shared, readable: new ReadableShare() }];
    });
    this.asking = new Map(asking);
  }

  /** keys: of each text's questions, in the order of the plan. false: the grant was used up. Throws why it had to stop. */
  async annotate(rows: readonly TextRow[], keys: readonly (readonly string[])[]): Promise<boolean> {
    const queue = rows.entries();
    // Texts that wait for one teacher must not keep another from being asked.
    const places = [...this.asking.values()].reduce((sum, { limiter }) => sum + limiter.concurrency, 0);
    const workers = Math.min(rows.length, places);
    try {
      await Promise.all(Array.from({ length: workers }, () => this.work(queue, keys)));
    } finally {
      for (const { lane } of this.asking.values()) lane.leave();
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
    const { plan } = this.parts;
    const votes: (Vote | undefined)[] = [];
    for (let due = plan.next(votes); due.length > 0; due = plan.next(votes)) {
      const replies = await Promise.all(due.map((index) => this.reply(row, plan.questions[index]!, keys[index] ?? '')));
      for (const [place, index] of due.entries()) {
        const reply = replies[place];
        if (!reply) return;
        votes[index] = reply.vote;
      }
    }
    this.texts++;
    this.report();
  }

  /** null: there is none, because the grant is used up, the chunk has to stop, or its teacher answers in batches. A failure stops the chunk at once: the
   *  text's other questions may be waiting for long. */
  private async reply(row: TextRow, planned: PlannedQuestion, key: string): Promise<StoredReply | null> {
    const { job, known, ports, watch } = this.parts;
    const paid = known.get(key);
    if (paid !== undefined) return paid;
    const asking = this.asking.get(planned.teacher);
    if (asking === undefined) return null;
    try {
      const reply = await askQuestion(questionOf(job.task, askedBy(planned, ports.teachers), row, planned), asking);
      if (reply === null) this.exhausted = true;
      else asking.readable.check(reply);
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
