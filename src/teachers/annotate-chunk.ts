/** Annotates one chunk: claims it, learns from its journals what was paid for already, asks the rest, and seals the replies. */
import type {
  ChunkEntry,
  ChunkProgress,
  ChunkResult,
  Grant,
  StoredReply,
  Task,
  TextRow,
  Vote,
} from '../contracts/index.js';
import type { Store } from '../store/index.js';
import { type AskingPorts, askQuestion } from './ask-question.js';
import { CallBudget } from './call-budget.js';
import type { CallLimiter } from './call-limiter.js';
import { claimChunk } from './chunk-claim.js';
import { chunkCounts } from './chunk-counts.js';
import { chunkRows, questionOf, reusableReplies } from './chunk-questions.js';
import { readSeal, sealPath } from './chunk-seal.js';
import { ChunkWatch } from './chunk-watch.js';
import type { Price } from './prices.js';
import { ReplyJournal, readLedger } from './reply-journal.js';
import type { Teacher } from './teacher.js';
import { nextWave, plannedQuestions } from './vote-plan.js';

/** When more than half of this many replies can't be read, something is wrong with the teacher or the prompt. */
const FIRST_REPLIES = 100;
const EXAMPLES_SHOWN = 3;
const EXAMPLE_LENGTH = 200;

export interface ChunkJob {
  readonly task: Task;
  readonly index: number;
  readonly chunk: ChunkEntry;
  /** The chunk's folder in the store: claims, journals and sealed replies. */
  readonly folder: string;
  readonly controlPath: string;
  readonly grant: Grant;
  readonly price: Price | null;
  /** The endpoint accepts a JSON schema. */
  readonly jsonSchema: boolean;
  /** Who annotates, for people who read the claim. */
  readonly owner: string;
}

export interface ChunkPorts {
  readonly store: Store;
  readonly teacher: Teacher;
  readonly limiter: CallLimiter;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ChunkProgress) => void;
}

/** Over half of the first replies can't be read; the message shows some. */
export class TeacherUnreadableError extends Error {
  override readonly name = 'TeacherUnreadableError';
}

/** Throws a TeacherRefusedError, TeacherUnreachableError, TeacherUnreadableError, or why it had to stop (chunk-watch.ts). */
export async function annotateChunk(job: ChunkJob, ports: ChunkPorts): Promise<ChunkResult> {
  const { store } = ports;
  const sealed = await readSeal(store, sealPath(job.folder));
  if (sealed !== null) return sealed.result;

  const claim = await claimChunk(store, job.folder, job.owner);
  const watch = new ChunkWatch(store, job.controlPath, claim, ports.signal);
  const journal = await ReplyJournal.open(store, job.folder, claim.number);
  const rows = await chunkRows(store, job.chunk);
  const reusable = await reusableReplies(store, job.chunk);
  let complete: boolean;
  try {
    const ledger = await readLedger(store, job.folder);
    const known = new Map([...reusable, ...ledger.replies]);
    const budget = new CallBudget(job.grant, ledger.calls, ledger.spentMicros);
    const run = new ChunkRun(job, ports, watch, budget, journal, known, ledger.calls);
    complete = await run.annotate(rows);
    await watch.mayAsk();
  } finally {
    watch.close();
    await journal.close();
  }

  return sealChunk(job, ports, { claim: claim.number, rows, reusable, complete });
}

/** Reads the journals again: a former owner may have closed calls that it had open when it lost the claim. */
async function sealChunk(
  job: ChunkJob,
  { store, teacher }: ChunkPorts,
  done: { claim: number; rows: TextRow[]; reusable: ReadonlyMap<string, StoredReply>; complete: boolean },
): Promise<ChunkResult> {
  const { complete, reusable, rows } = done;
  const ledger = await readLedger(store, job.folder);
  const plan = plannedQuestions(job.task);
  const byText = rows.map((row) =>
    plan.flatMap((planned) => {
      const { key } = questionOf(job, teacher, row, planned);
      return ledger.replies.get(key) ?? reusable.get(key) ?? [];
    }),
  );
  const counts = chunkCounts({ task: job.task, ledger, byText, plannedVotes: plan.length });
  const result: ChunkResult = { chunk: job.index, set: job.chunk.set, counts, complete };
  const number = String(done.claim).padStart(6, '0');
  const lines = byText.flat().map((reply) => `${JSON.stringify(reply)}\n`);
  const replies = await store.write(`${job.folder}/replies-${number}.jsonl`, lines.join(''));
  const seal = JSON.stringify({ result, replies });
  if (!complete) {
    await store.write(`${job.folder}/partial-${number}.json`, seal);
    return result;
  }
  if (await store.writeOnce(sealPath(job.folder), seal)) return result;
  return (await readSeal(store, sealPath(job.folder)))?.result ?? result;
}

class ChunkRun {
  private readonly plan;
  private texts = 0;
  private exhausted = false;
  private seen = 0;
  private readonly unreadable: StoredReply[] = [];

  constructor(
    private readonly job: ChunkJob,
    private readonly ports: ChunkPorts,
    private readonly watch: ChunkWatch,
    private readonly budget: CallBudget,
    private readonly journal: ReplyJournal,
    private readonly known: ReadonlyMap<string, StoredReply>,
    private calls: number,
  ) {
    this.plan = plannedQuestions(job.task);
  }

  /** false: the grant was used up. */
  async annotate(rows: readonly TextRow[]): Promise<boolean> {
    const queue = rows.values();
    const workers = Math.min(rows.length, this.ports.limiter.limit);
    await Promise.all(Array.from({ length: workers }, () => this.work(queue)));
    if (this.watch.stopReason !== null) throw this.watch.stopReason;
    return !this.exhausted;
  }

  /** One of the workers that share the queue. The first failure stops all; each ends only when its calls have ended. */
  private async work(queue: IterableIterator<TextRow>): Promise<void> {
    try {
      for (const row of queue) {
        if (this.exhausted || this.watch.stopReason !== null) return;
        await this.annotateText(row);
      }
    } catch (error) {
      this.watch.stop(error);
    }
  }

  private async annotateText(row: TextRow): Promise<void> {
    const { labels, votes: settings } = this.job.task;
    const names = labels.map((label) => label.name);
    const votes: Vote[] = [];
    for (;;) {
      const wave = nextWave(votes, this.plan.length, names, settings);
      if (wave === 0) break;
      const asked = this.plan.slice(votes.length, votes.length + wave);
      const settled = await Promise.allSettled(asked.map((planned) => this.reply(row, planned)));
      for (const outcome of settled) {
        if (outcome.status === 'rejected') throw outcome.reason;
        if (outcome.value === null) {
          this.exhausted = true;
          return;
        }
        votes.push(outcome.value.vote);
      }
    }
    this.texts++;
    this.report();
  }

  private async reply(row: TextRow, planned: (typeof this.plan)[number]): Promise<StoredReply | null> {
    const question = questionOf(this.job, this.ports.teacher, row, planned);
    const known = this.known.get(question.key);
    if (known !== undefined) return known;
    const { teacher: settings, labels } = this.job.task;
    const ports: AskingPorts = {
      teacher: this.ports.teacher,
      limiter: this.ports.limiter,
      budget: this.budget,
      journal: this.journal,
      watch: this.watch,
      labels,
      price: this.job.price,
      attempts: settings.attempts,
      deadAfterMs: settings.deadAfterSeconds * 1000,
      onCall: () => {
        this.calls++;
        this.report();
      },
    };
    const reply = await askQuestion(question, ports);
    if (reply !== null) this.checkReadable(reply);
    return reply;
  }

  private checkReadable(reply: StoredReply): void {
    if (this.seen >= FIRST_REPLIES) return;
    this.seen++;
    if (reply.vote.unreadable !== null) this.unreadable.push(reply);
    if (this.unreadable.length <= FIRST_REPLIES / 2) return;
    const shown = this.unreadable
      .slice(0, EXAMPLES_SHOWN)
      .map((each) => `  (${each.vote.unreadable}) ${JSON.stringify(each.content.slice(0, EXAMPLE_LENGTH))}`);
    throw new TeacherUnreadableError(
      `${this.unreadable.length} of the first ${this.seen} replies could not be read, so the run stopped before it spent more. Three of them:\n${shown.join('\n')}`,
    );
  }

  private report(): void {
    this.ports.onProgress({ texts: this.texts, calls: this.calls });
  }
}
