/** Annotates a chunk by batches, in steps that never wait for one: read what has ended, ask the teachers that answer at once, send
 *  what is still missing to the others, seal the chunk when nothing is. All that has to outlive a step is in the store; who waits between two steps is the workflow. */
import { setTimeout as delay } from 'node:timers/promises';
import { type ChunkResult, counted, inNumber, type StoredReply, type TextRow, type Vote } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import { addSpending, fits } from '../voting/index.js';
import { type ChunkJob, ledgerOfFormerOwners, paceOf, sealChunk } from './annotate-chunk.js';
import { TeacherUnreachableError } from './ask-question.js';
import { type AskedTeacher, askedBy, type ByName } from './asked-teacher.js';
import { BatchAnswers } from './batch-answers.js';
import type { Patience } from './batch-patience.js';
import { type Settlement, type SettlementPorts, settleParts } from './batch-settlement.js';
import { createBatch, submitQuestions } from './batch-submission.js';
import { type BatchedTeacher, isBatched } from './batch-teacher.js';
import { type Question, refusedReply } from './call-outcome.js';
import { type ChunkClaim, claimChunk } from './chunk-claim.js';
import { chunkRows, questionOf, reusableReplies } from './chunk-questions.js';
import { ChunkRun } from './chunk-run.js';
import { readSeal, sealPath } from './chunk-seal.js';
import { ChunkWatch, ClaimLostError } from './chunk-watch.js';
import { ReplyJournal } from './reply-journal.js';
import { type Ledger, readLedger } from './reply-ledger.js';
import { TeacherRefusedError } from './teacher.js';
import { type PlannedQuestion, VotePlan } from './vote-plan.js';

/** How long to wait before a batch is tried again that the provider had no room for. */
const NO_ROOM_MS = 5 * 60_000;

export interface BatchPorts {
  readonly store: Store;
  /** All that votes.plan asks: those that take batches are asked in batches, the others at once. */
  readonly teachers: ByName<AskedTeacher>;
  readonly signal: AbortSignal;
}

/** A teacher of batches in one step. */
interface Side extends BatchedTeacher {
  readonly answers: BatchAnswers;
  readonly patience: Patience;
}

/** result: the chunk is done, or its grant is used up. Else it waits: for its open batches, or so many milliseconds for room
 *  at the provider. */
export type BatchStep =
  | { readonly result: ChunkResult }
  | { readonly result: null; readonly open: number; readonly waitMs: number | null };

/** Throws what annotateChunk throws. Of a run that is paused, what has ended is read before RunPausedError is thrown. */
export async function stepChunk(job: ChunkJob, ports: BatchPorts): Promise<BatchStep> {
  const readSealed = async () => (await readSeal(ports.store, sealPath(job.folder)))?.result ?? null;
  const result = await readSealed();
  if (result !== null) return { result };
  return asOwner(job, ports, async (chunk) => {
    const sealedMeanwhile = await readSealed();
    return sealedMeanwhile === null ? chunk.step() : { result: sealedMeanwhile };
  });
}

/** Cancels the chunk's open batches and reads what they answered. Returns how many are still open. */
export function closeChunk(job: ChunkJob, ports: BatchPorts): Promise<number> {
  return asOwner(job, ports, (chunk) => chunk.close());
}

async function asOwner<Result>(
  job: ChunkJob,
  ports: BatchPorts,
  work: (chunk: BatchedChunk) => Promise<Result>,
): Promise<Result> {
  const { signal, store } = ports;
  const claim = await claimChunk(store, job.folder, job.owner);
  const journal = await ReplyJournal.open(store, job.folder, claim.number);
  const watch = new ChunkWatch(store, job.controlPath, claim, signal);
  try {
    // The run's control does not matter here: what has ended is read in any case.
    const sleep = (ms: number) => delay(ms, undefined, { signal });
    await ledgerOfFormerOwners(store, job.folder, claim, sleep);
    return await work(new BatchedChunk(job, ports, { claim, journal, watch }));
  } catch (error) {
    // A request that was stopped on its way does not know why.
    throw error === watch.callSignal.reason ? watch.stopping.reason : error;
  } finally {
    watch.close();
    await journal.close();
  }
}

class BatchedChunk {
  private readonly plan: VotePlan;
  private readonly sides: ByName<Side>;
  /** Teachers that answer at once. */
  private readonly atOnce: ByName<AskedTeacher>;
  private rows: readonly TextRow[] = [];
  /** Of each text's questions, in the order of the plan. */
  private keys: string[][] = [];
  private readonly asked = new Map<string, { row: TextRow; planned: PlannedQuestion }>();

  constructor(
    private readonly job: ChunkJob,
    private readonly ports: BatchPorts,
    private readonly owned: { claim: ChunkClaim; journal: ReplyJournal; watch: ChunkWatch },
  ) {
    const { labels } = job.task;
    this.plan = new VotePlan(job.task);
    const sides = [...ports.teachers].flatMap(([name, asked]): [string, Side][] => {
      if (!isBatched(asked)) return [];
      const { price, settings, teacher } = asked;
      const questionOf = (key: string) => this.question(key);
      const answers = new BatchAnswers({ teacher: teacher.batches, journal: owned.journal, labels, price, questionOf });
      const patience = { signal: ports.signal, deadAfterMs: settings.deadAfterSeconds * 1000 };
      return [[name, { ...asked, answers, patience }]];
    });
    this.sides = new Map(sides);
    this.atOnce = new Map([...ports.teachers].filter(([name]) => !this.sides.has(name)));
  }

  async step(): Promise<BatchStep> {
    const { job, plan, ports } = this;
    await this.readQuestions();
    const { noRoom, open } = await this.settle(true);
    for (const { answers } of this.sides.values()) answers.throwTrouble();
    if (open > 0) return { result: null, open, waitMs: null };
    if (noRoom) return { result: null, open: 0, waitMs: NO_ROOM_MS };

    const reusable = await reusableReplies(ports.store, job.chunk, this.rows, job.task.labels);
    const ledger = await this.askAtOnce(reusable);
    const known = new Map([...reusable, ...ledger.replies]);
    const missing = await this.withoutLost(this.missing(known), ledger, known);
    const affordable = this.affordable(missing, ledger);
    if (affordable.length > 0) return this.submit(affordable);
    const final = await readLedger(ports.store, job.folder);
    const replyTo = (key: string) => final.replies.get(key) ?? reusable.get(key);
    const byText = this.keys.map((ofText) => plan.take((_, index) => replyTo(ofText[index] ?? '')));
    const outcome = { plan, ledger: final, byText, complete: missing.length === 0, pace: paceOf(this.atOnce) };
    return { result: await sealChunk(job, ports.store, this.owned, outcome) };
  }

  async close(): Promise<number> {
    await this.readQuestions();
    return (await this.settle(false)).open;
  }

  /** Asks those who answer at once what the votes so far call for, as far as the grant reaches. Returns the ledger after that. */
  private async askAtOnce(reusable: ReadonlyMap<string, StoredReply>): Promise<Ledger> {
    const { atOnce: teachers, job, keys, plan, ports, rows } = this;
    const ledger = await readLedger(ports.store, job.folder);
    const known = new Map([...reusable, ...ledger.replies]);
    if (!this.missing(known).some(({ teacher }) => teachers.has(teacher))) return ledger;
    const run = new ChunkRun({ ...this.owned, job, ledger, plan, known, ports: { teachers, onProgress: () => {} } });
    await run.annotate(rows, keys);
    return readLedger(ports.store, job.folder);
  }

  private async readQuestions(): Promise<void> {
    const { job, plan, ports } = this;
    this.rows = await chunkRows(ports.store, job.chunk);
    this.keys = this.rows.map((row) =>
      plan.questions.map((planned) => {
        const { key } = this.ask(row, planned);
        this.asked.set(key, { row, planned });
        return key;
      }),
    );
  }

  private question(key: string): Question | null {
    const asked = this.asked.get(key);
    return asked === undefined ? null : this.ask(asked.row, asked.planned);
  }

  private ask(row: TextRow, planned: PlannedQuestion): Question {
    return questionOf(this.job.task, askedBy(planned, this.ports.teachers), row, planned);
  }

  private async submit(questions: readonly Question[]): Promise<BatchStep> {
    let open = 0;
    let noRoom = false;
    for (const [name, side] of this.sides) {
      const own = questions.filter(({ teacher }) => teacher === name);
      const submitted = await submitQuestions(own, open, this.submissionPorts(name, side));
      open += submitted.sent;
      noRoom ||= submitted.noRoom;
    }
    return { result: null, open, waitMs: noRoom && open === 0 ? NO_ROOM_MS : null };
  }

  /** wanted: batches may go on, and those that were lost are created again. Throws TeacherUnreachableError where the batches
   *  of a teacher have just ended without it having got to a single question. */
  private async settle(wanted: boolean): Promise<Pick<Settlement, 'noRoom' | 'open'>> {
    const { job, owned, ports } = this;
    const { folder } = job;
    const { store } = ports;
    const stillMine = () => {
      const { aborted, reason } = owned.watch.stopping;
      if (aborted && reason instanceof ClaimLostError) throw reason;
      ports.signal.throwIfAborted();
    };
    const together = { open: 0, noRoom: false };
    let trouble: unknown = null;
    for (const [name, side] of this.sides) {
      const { answers, patience, teacher } = side;
      const { api, settings } = teacher.batches;
      const submission = this.submissionPorts(name, side);
      const create: SettlementPorts['create'] = wanted
        ? (part, inputFile, attempt) => createBatch(part, inputFile, attempt, submission)
        : null;
      const listLagMs = settings.listLagSeconds * 1000;
      const settlement = { teacher: name, store, folder, api, patience, answers, listLagMs, stillMine, create };
      try {
        const { noRoom, open, unanswered } = await settleParts(settlement, await readLedger(store, folder));
        together.open += open;
        together.noRoom ||= noRoom;
        if (wanted && open === 0 && unanswered !== null && answers.replies === 0) {
          trouble ??= new TeacherUnreachableError(`batches at ${teacher.host} end without a reply (${unanswered})`);
        }
      } catch (error) {
        // The batches of the others are looked after, too.
        if (!(error instanceof TeacherRefusedError)) throw error;
        trouble ??= error;
      }
    }
    if (trouble !== null) throw trouble;
    return together;
  }

  private submissionPorts(name: string, { patience, teacher }: Side) {
    const { job, owned, ports } = this;
    return { store: ports.store, name, folder: job.folder, teacher: teacher.batches, patience, ...owned };
  }

  /** The questions that each text still needs, as far as its votes so far tell. */
  private missing(known: ReadonlyMap<string, StoredReply>): Question[] {
    const { keys, plan, rows } = this;
    return rows.flatMap((row, index) => {
      const votes: (Vote | undefined)[] = [];
      for (;;) {
        const due = plan.next(votes);
        for (const each of due) votes[each] = known.get(keys[index]?.[each] ?? '')?.vote;
        const open = due.filter((each) => votes[each] === undefined);
        if (due.length === 0 || open.length > 0) return open.map((each) => this.ask(row, plan.questions[each]!));
      }
    });
  }

  /** Gives questions up that failed too often while others were answered. Throws TeacherUnreachableError where batches have
   *  just ended that answered none at all, and asking again has not helped. */
  private async withoutLost(
    missing: Question[],
    { failures }: Ledger,
    known: Map<string, StoredReply>,
  ): Promise<Question[]> {
    const lost = [...this.sides].flatMap(([name, side]) =>
      lostQuestions(
        missing.filter(({ teacher }) => teacher === name),
        failures,
        side,
      ),
    );
    for (const question of lost) {
      const reply = refusedReply(question);
      await this.owned.journal.recordWithoutCall(reply);
      known.set(question.key, reply);
    }
    return lost.length === 0 ? missing : this.missing(known);
  }

  /** As many of those for batches as the grant pays for at their worst, in their order. */
  private affordable(missing: readonly Question[], ledger: Ledger): Question[] {
    let spent = ledger.spent;
    const affordable: Question[] = [];
    for (const question of missing.filter(({ teacher }) => this.sides.has(teacher))) {
      const spentThen = addSpending(spent, question.worst);
      if (!fits(spentThen, this.job.grant)) break;
      spent = spentThen;
      affordable.push(question);
    }
    return affordable;
  }
}

/** missing: of the teacher. */
function lostQuestions(
  missing: readonly Question[],
  failures: Ledger['failures'],
  { answers, settings, teacher }: Side,
): Question[] {
  const { attempts } = settings;
  const { errors, replies } = answers;
  const failuresOf = ({ key }: Question) => failures.get(key) ?? 0;
  const failing = missing.filter((question) => failuresOf(question) >= attempts);
  const texts = new Set(failing.map(({ request }) => request.textKey)).size;
  // The more texts fail together, the more it looks like an outage, and the more often they must have failed.
  const outage = replies === 0 && texts > 1;
  const lost = failing.filter((question) => failuresOf(question) >= attempts * (outage ? texts : 1));
  if (outage && errors > 0 && lost.length < failing.length) {
    throw new TeacherUnreachableError(
      `batches at ${teacher.host} end without a reply: ${counted(errors, 'question')} ${inNumber(errors, 'was', 'were')} answered by an error`,
    );
  }
  return lost;
}
