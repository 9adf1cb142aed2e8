/** Asks one question until there is a reply: the one owner of retries. Every request goes through the budget, the limiter
 *  and the journal. */
import type { Label, Spending, StoredReply } from '../contracts/index.js';
import { NOTHING_SPENT } from '../voting/index.js';
import { inTermsOf, teacherField } from './asked-teacher.js';
import type { CallBudget } from './call-budget.js';
import type { CallLimiter, Lane, Place } from './call-limiter.js';
import { ANSWERED_BY_ERROR, costOfReply, paidReply, type Question, refusedReply, wasAnswered } from './call-outcome.js';
import type { Price } from './catalogue.js';
import type { ChunkWatch } from './chunk-watch.js';
import type { ReplyJournal } from './reply-journal.js';
import { QuestionRefusedError, type Teacher, TeacherBusyError, TeacherFailedError } from './teacher.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** The teacher has not replied for too long. The run pauses; nothing is lost. */
export class TeacherUnreachableError extends Error {
  override readonly name = 'TeacherUnreachableError';
}

export interface AskingPorts {
  /** As votes.plan calls the teacher. */
  readonly name: string;
  readonly teacher: Teacher;
  readonly limiter: CallLimiter;
  /** The chunk's, in the limiter. */
  readonly lane: Lane;
  readonly budget: CallBudget;
  readonly journal: ReplyJournal;
  readonly watch: ChunkWatch;
  readonly labels: readonly Label[];
  readonly price: Price | null;
  /** Most failures of one question while others are answered. */
  readonly attempts: number;
  readonly deadAfterMs: number;
  /** By reply key: calls of earlier owners of the chunk that brought no reply. */
  readonly earlierFailures: ReadonlyMap<string, number>;
  readonly onCall: () => void;
}

/** What a call owes: nothing before it is sent, then its worst, then what it came to. */
interface Bill {
  cost: Spending;
}

/** One sending of a question. */
interface Sending {
  readonly untilPlace: () => Promise<Place>;
  readonly bill: Bill;
  /** Of the question so far. */
  readonly timeOuts: number;
}

/** null: the budget does not reach for it. Throws TeacherRefusedError, TeacherUnreachableError, or the watch's reason to stop. */
export async function askQuestion(question: Question, ports: AskingPorts): Promise<StoredReply | null> {
  const { limiter, watch } = ports;
  const startedAt = Date.now();
  let failures = 0;
  let refusals = 0;
  let timeOuts = 0;
  let failingSince: number | null = null;
  for (;;) {
    const outcome = await askOnce(question, timeOuts, ports);
    if (!(outcome instanceof Error)) return outcome;
    const lastReplyAt = limiter.lastReplyAt ?? 0;
    if (Date.now() - Math.max(startedAt, lastReplyAt) > ports.deadAfterMs) {
      // A question that failed earlier owners as well would keep the run from ever ending. The more texts fail together,
      // the more it looks like an outage, and the more often it must have failed.
      const enough = ports.attempts * Math.max(1, limiter.failingTexts);
      if ((ports.earlierFailures.get(question.key) ?? 0) >= enough) return giveUp(question, ports);
      throw unreachable(outcome, ports);
    }
    if (outcome instanceof TeacherBusyError) {
      await watch.sleep(pauseOfBusy(outcome, ++refusals, ports));
      continue;
    }
    failingSince ??= Date.now();
    failures++;
    if (outcome instanceof TeacherFailedError && outcome.trouble === 'timed-out') timeOuts++;
    // The teacher serves others but not this one: give the question up, not the run. In an outage several texts fail.
    const servesOthers = lastReplyAt >= failingSince && limiter.failingTexts <= 1;
    if (failures >= ports.attempts && servesOthers) return giveUp(question, ports);
    await watch.sleep(pauseMs(failures));
  }
}

/** One request. Returns the reply, null where the budget does not reach, or an error after which it may be asked again. */
async function askOnce(question: Question, timeOuts: number, ports: AskingPorts): Promise<StoredReply | null | Error> {
  const { budget, lane, watch } = ports;
  if (!(await budget.reserve(question.worst, watch.stopping))) return null;
  const bill: Bill = { cost: NOTHING_SPENT };
  try {
    const record = await lane.run(
      (untilPlace) => send(question, { untilPlace, timeOuts, bill }, ports),
      watch.stopping,
    );
    return await record();
  } finally {
    budget.settle(question.worst, bill.cost);
  }
}

/** What closes the call in the journal, and returns its reply or why there is none. It runs when the place is given back: the
 *  teacher need not wait until the record is durable, which on S3 takes as long as a short call. */
type CloseRecord = () => Promise<StoredReply | Error>;

async function send(question: Question, sending: Sending, ports: AskingPorts): Promise<CloseRecord> {
  const { journal, labels, limiter, price, teacher, watch } = ports;
  const { bill, timeOuts, untilPlace } = sending;
  const call = await journal.openCall(question);
  let place: Place;
  try {
    place = await untilPlace();
    while (!watch.lookHolds) await watch.mayAsk();
    // From here to the call nothing is awaited: wherever the process is suspended, it looks again before it sends.
    watch.stopping.throwIfAborted();
  } catch (error) {
    await journal.closeUnsent(call);
    throw error;
  }
  bill.cost = question.worst;
  ports.onCall();
  let stored: StoredReply;
  try {
    const timeoutMs = limiter.timeoutMs(timeOuts, question.request.timeoutMs);
    const answer = await teacher.ask({ ...question.request, timeoutMs }, watch.callSignal);
    limiter.replied(place, answer);
    stored = paidReply(question, answer, labels, price);
  } catch (error) {
    if (!(error instanceof QuestionRefusedError)) return failedCall(error, { call, place, bill }, question, ports);
    limiter.replied(place, null);
    stored = refusedReply(question);
  }
  const cost = costOfReply(question, stored);
  bill.cost = cost;
  return async () => {
    await journal.closeWithReply(call, stored, cost);
    return stored;
  };
}

/** A call that an error answered is free. Any other may have been billed and stays open in the journal.
 *  What it returns throws what asking again would not help. */
function failedCall(
  failure: unknown,
  { bill, call, place }: { readonly call: number; readonly place: Place; readonly bill: Bill },
  { request }: Question,
  { journal, limiter, name, watch }: AskingPorts,
): CloseRecord {
  const error = inTermsOf(name, failure);
  const mayPass = error instanceof TeacherBusyError || error instanceof TeacherFailedError;
  // Before anything is awaited, since meanwhile other calls would go out.
  if (!mayPass) watch.stop(error);
  if (error instanceof TeacherFailedError) limiter.failed(place, request.textKey, error.trouble);
  if (error instanceof TeacherBusyError) limiter.busy(place, error);
  if (wasAnswered(error)) bill.cost = ANSWERED_BY_ERROR;
  return async () => {
    if (wasAnswered(error)) await journal.closeWithError(call, error instanceof TeacherBusyError ? 'busy' : 'error');
    if (!mayPass) throw error;
    watch.stopping.throwIfAborted();
    return error;
  };
}

/** Recorded as refused, free of charge, so that nobody asks it again in this run. */
async function giveUp(question: Question, { journal }: AskingPorts): Promise<StoredReply> {
  const stored = refusedReply(question);
  await journal.recordWithoutCall(stored);
  return stored;
}

function unreachable(last: Error, { deadAfterMs, teacher }: AskingPorts): TeacherUnreachableError {
  const seconds = Math.round(deadAfterMs / 1000);
  return new TeacherUnreachableError(`no reply from ${teacher.host} for ${seconds} s; last: ${last.message}`, {
    cause: last,
  });
}

/** As long as the teacher says. One that says longer than it may be silent is as good as out of reach. */
function pauseOfBusy(error: TeacherBusyError, refusals: number, { deadAfterMs, name, teacher }: AskingPorts): number {
  if (error.retryAfterMs === null) return pauseMs(refusals);
  if (error.retryAfterMs <= deadAfterMs) return Math.max(error.retryAfterMs, FIRST_PAUSE_MS);
  const [asked, allowed] = [error.retryAfterMs, deadAfterMs].map((ms) => Math.round(ms / 1000));
  throw new TeacherUnreachableError(
    `${teacher.host} wants to be left alone for ${asked} s, longer than ${teacherField(name)}.deadAfterSeconds (${allowed}); last: ${error.message}`,
    { cause: error },
  );
}

/** Doubles from half a second on, less up to half of it at random. */
function pauseMs(failures: number): number {
  const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
  return full * (0.5 + Math.random() / 2);
}
