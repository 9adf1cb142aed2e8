/** Asks one question until there is a reply: the one owner of retries. Every request goes through the limiter, the budget
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
  readonly attempts: number;
  readonly deadAfterMs: number;
  readonly onCall: () => void;
}

/** null: the budget does not reach for it. Throws TeacherRefusedError, TeacherUnreachableError, or the watch's reason to stop. */
export async function askQuestion(question: Question, ports: AskingPorts): Promise<StoredReply | null> {
  const startedAt = Date.now();
  let failures = 0;
  for (;;) {
    const outcome = await ports.limiter.run(() => askOnce(question, ports));
    if (!(outcome instanceof Error)) return outcome;
    const { lastReplyAt } = ports.limiter;
    if (Date.now() - Math.max(startedAt, lastReplyAt ?? 0) > ports.deadAfterMs) {
      const seconds = Math.round(ports.deadAfterMs / 1000);
      throw new TeacherUnreachableError(
        `no reply from ${ports.teacher.host} for ${seconds} s; last: ${outcome.message}`,
      );
    }
    if (outcome instanceof TeacherBusyError) {
      await ports.watch.sleep(outcome.retryAfterMs ?? pauseMs(failures++));
      continue;
    }
    failures++;
    // The teacher serves others but not this one: give the question up, not the run.
    if (failures >= ports.attempts && lastReplyAt !== null && lastReplyAt > startedAt) return giveUp(question, ports);
    await ports.watch.sleep(pauseMs(failures));
  }
}

/** One request. Returns the reply, null where the budget does not reach, or an error after which it may be asked again. */
async function askOnce(question: Question, ports: AskingPorts): Promise<StoredReply | null | Error> {
  const { budget, journal, limiter, teacher, watch } = ports;
  await watch.mayAsk();
  if (!(await budget.reserve(question.worstMicros))) return null;
  // While it waited for the budget, the run may have been stopped.
  const call = watch.stopReason === null ? await journal.openCall(question.key, question.worstMicros) : null;
  if (call === null) throw watch.stopReason;
  let cost: number | null = question.worstMicros;
  try {
    ports.onCall();
    const reply = await teacher.ask(question.request, watch.signal);
    limiter.lastReplyAt = Date.now();
    cost = costOf(reply, question, ports.price);
    const vote = readReply(reply, [...ports.labels], question.request.prompt);
    const stored = storedReply(question, reply, cost, vote);
    await journal.closeWithReply(call, stored);
    return stored;
  } catch (error) {
    if (error instanceof QuestionRefusedError) {
      limiter.lastReplyAt = Date.now();
      cost = 0;
      const stored = refusedReply(question);
      await journal.closeWithReply(call, stored);
      return stored;
    }
    // Anything else may have been billed and stays open in the journal.
    if (wasAnswered(error)) {
      cost = 0;
      await journal.closeWithError(call);
    }
    if (watch.signal.aborted) throw watch.stopReason;
    if (error instanceof TeacherBusyError || error instanceof TeacherFailedError) return error;
    throw error;
  } finally {
    budget.settle(question.worstMicros, cost);
  }
}

function wasAnswered(error: unknown): boolean {
  if (error instanceof TeacherFailedError) return error.answered;
  return error instanceof TeacherBusyError || error instanceof TeacherRefusedError;
}

/** Recorded as refused, free of charge, so that nobody asks it again in this run. */
async function giveUp(question: Question, ports: AskingPorts): Promise<StoredReply> {
  const stored = refusedReply(question);
  await ports.journal.recordWithoutCall(stored);
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

function pauseMs(failures: number): number {
  const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
  return full * (0.5 + Math.random() / 2);
}
