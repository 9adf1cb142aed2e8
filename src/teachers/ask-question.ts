/** Asks one question until there is a reply: the one owner of retries. Every request goes through the budget, the limiter
 *  and the journal. */
import type { Label, StoredReply, TeacherReply, Vote } from '../contracts/index.js';
import type { CallBudget } from './call-budget.js';
import type { CallLimiter } from './call-limiter.js';
import type { ChunkWatch } from './chunk-watch.js';
import { callCostMicros, type Price } from './prices.js';
import { readReply } from './read-reply.js';
import type { ReplyJournal } from './reply-journal.js';
import {
  QuestionRefusedError,
  type Teacher,
  TeacherBusyError,
  TeacherFailedError,
  TeacherRefusedError,
  type TeacherRequest,
} from './teacher.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** The teacher has not replied for too long. The run pauses; nothing is lost. */
export class TeacherUnreachableError extends Error {
  override readonly name = 'TeacherUnreachableError';
}

export interface Question {
  readonly key: string;
  readonly request: TeacherRequest;
  /** Micro-dollars; null where the price is not known. */
  readonly worstMicros: number | null;
}

export interface AskingPorts {
  readonly teacher: Teacher;
  readonly limiter: CallLimiter;
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

/** What a call owes: nothing before it is sent, then its worst price, then the real one. Micro-dollars; null: not known. */
interface Bill {
  micros: number | null;
}

/** null: the budget does not reach for it. Throws TeacherRefusedError, TeacherUnreachableError, or the watch's reason to stop. */
export async function askQuestion(question: Question, ports: AskingPorts): Promise<StoredReply | null> {
  const { limiter, watch } = ports;
  const startedAt = Date.now();
  let failures = 0;
  let refusals = 0;
  let failingSince: number | null = null;
  for (;;) {
    const outcome = await askOnce(question, ports);
    if (!(outcome instanceof Error)) return outcome;
    const lastReplyAt = limiter.lastReplyAt ?? 0;
    if (Date.now() - Math.max(startedAt, lastReplyAt) > ports.deadAfterMs) {
      // A question that failed an earlier owner as well would keep the run from ever ending.
      if ((ports.earlierFailures.get(question.key) ?? 0) >= ports.attempts) return giveUp(question, ports);
      throw unreachable(outcome, ports);
    }
    if (outcome instanceof TeacherBusyError) {
      await watch.sleep(pauseOfBusy(outcome, ++refusals, ports));
      continue;
    }
    failingSince ??= Date.now();
    failures++;
    // The teacher serves others but not this one: give the question up, not the run. In an outage several texts fail.
    const servesOthers = lastReplyAt >= failingSince && limiter.failingTexts <= 1;
    if (failures >= ports.attempts && servesOthers) return giveUp(question, ports);
    await watch.sleep(pauseMs(failures));
  }
}

/** One request. Returns the reply, null where the budget does not reach, or an error after which it may be asked again. */
async function askOnce(question: Question, ports: AskingPorts): Promise<StoredReply | null | Error> {
  const { budget, limiter, watch } = ports;
  if (!(await budget.reserve(question.worstMicros, watch.stopping))) return null;
  const bill: Bill = { micros: 0 };
  try {
    return await limiter.run(() => send(question, ports, bill), watch.stopping);
  } finally {
    budget.settle(question.worstMicros, bill.micros);
  }
}

async function send(question: Question, ports: AskingPorts, bill: Bill): Promise<StoredReply | Error> {
  const { journal, limiter, teacher, watch } = ports;
  // The place is kept meanwhile: nobody else may send either.
  while (limiter.heldFor > 0) await watch.sleep(limiter.heldFor);
  const call = await journal.openCall(question.key, question.worstMicros);
  try {
    await watch.mayAsk();
  } catch (error) {
    await journal.closeUnsent(call);
    throw error;
  }
  bill.micros = question.worstMicros;
  ports.onCall();
  let stored: StoredReply;
  try {
    const reply = await teacher.ask(question.request, watch.callSignal);
    const vote = readReply(reply, [...ports.labels], question.request.prompt);
    stored = storedReply(question, reply, costOf(reply, question, ports.price), vote);
  } catch (error) {
    if (!(error instanceof QuestionRefusedError)) return failedCall(error, call, question, ports, bill);
    stored = refusedReply(question);
  }
  limiter.replied();
  bill.micros = stored.costMicros;
  await journal.closeWithReply(call, stored);
  return stored;
}

/** A call that an error answered is free. Any other may have been billed and stays open in the journal. */
async function failedCall(
  error: unknown,
  call: number,
  { request }: Question,
  { journal, limiter, watch }: AskingPorts,
  bill: Bill,
): Promise<Error> {
  if (wasAnswered(error)) {
    bill.micros = 0;
    await journal.closeWithError(call);
  }
  watch.callSignal.throwIfAborted();
  if (error instanceof TeacherBusyError) {
    if (error.retryAfterMs !== null) limiter.hold(error.retryAfterMs);
    return error;
  }
  if (!(error instanceof TeacherFailedError)) throw error;
  limiter.failed(request.textKey);
  return error;
}

function wasAnswered(error: unknown): boolean {
  if (error instanceof TeacherFailedError) return error.answered;
  return error instanceof TeacherBusyError || error instanceof TeacherRefusedError;
}

/** Recorded as refused, free of charge, so that nobody asks it again in this run. */
async function giveUp(question: Question, { journal }: AskingPorts): Promise<StoredReply> {
  const stored = refusedReply(question);
  await journal.recordWithoutCall(stored);
  return stored;
}

function refusedReply(question: Question): StoredReply {
  const empty: TeacherReply = {
    content: '',
    finishReason: 'unknown',
    inputTokens: null,
    outputTokens: null,
    latencyMs: 0,
  };
  return storedReply(question, empty, 0, { label: null, reason: null, unreadable: 'refused' });
}

function storedReply(question: Question, reply: TeacherReply, costMicros: number | null, vote: Vote): StoredReply {
  const { prompt, sample, textKey } = question.request;
  return { ...reply, key: question.key, textKey, prompt, sample, costMicros, vote };
}

/** Without token counts from the provider a call counts at its worst. */
function costOf(reply: TeacherReply, question: Question, price: Price | null): number | null {
  if (price === null) return null;
  if (reply.inputTokens === null || reply.outputTokens === null) return question.worstMicros;
  return callCostMicros(price, reply.inputTokens, reply.outputTokens);
}

function unreachable(last: Error, { deadAfterMs, teacher }: AskingPorts): TeacherUnreachableError {
  const seconds = Math.round(deadAfterMs / 1000);
  return new TeacherUnreachableError(`no reply from ${teacher.host} for ${seconds} s; last: ${last.message}`, {
    cause: last,
  });
}

/** As long as the teacher says. A teacher that says longer than it may be silent is as good as out of reach. */
function pauseOfBusy(error: TeacherBusyError, refusals: number, { deadAfterMs, teacher }: AskingPorts): number {
  if (error.retryAfterMs === null) return pauseMs(refusals);
  if (error.retryAfterMs <= deadAfterMs) return Math.max(error.retryAfterMs, FIRST_PAUSE_MS);
  const [asked, allowed] = [error.retryAfterMs, deadAfterMs].map((ms) => Math.round(ms / 1000));
  throw new TeacherUnreachableError(
    `${teacher.host} wants to be left alone for ${asked} s, longer than teacher.deadAfterSeconds (${allowed}); last: ${error.message}`,
    { cause: error },
  );
}

/** Doubles from half a second on, less up to half of it at random. */
function pauseMs(failures: number): number {
  const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
  return full * (0.5 + Math.random() / 2);
}
