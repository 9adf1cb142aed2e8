/** What the end of a call means for the journal: the reply as it is kept, what it cost, and whether an error was billed. */
import {
  type Label,
  OWN_TEACHER,
  type Spending,
  type StoredReply,
  type TeacherReply,
  type Vote,
} from '../contracts/index.js';
import type { Price } from './catalogue.js';
import { readVote } from './label-probability.js';
import { callCostMicros } from './prices.js';
import {
  QuestionRefusedError,
  TeacherBusyError,
  TeacherFailedError,
  TeacherRefusedError,
  type TeacherRequest,
} from './teacher.js';

export interface Question {
  readonly key: string;
  /** As votes.plan calls it. */
  readonly teacher: string;
  readonly request: TeacherRequest;
  /** The most that a call of it can come to. */
  readonly worst: Spending;
}

/** Of a call that an error answered. */
export const ANSWERED_BY_ERROR: Spending = { calls: 1, tokens: 0, micros: 0 };

export function paidReply(
  question: Question,
  reply: TeacherReply,
  labels: readonly Label[],
  price: Price | null,
): StoredReply {
  const vote = readVote(reply, [...labels], question.request.prompt);
  return storedReply(question, reply, micros(reply, question, price), vote);
}

/** What the call came to that brought the reply. Without token counts from the provider it counts at its worst. */
export function costOfReply({ worst }: Question, reply: StoredReply): Spending {
  if (reply.vote.unreadable === 'refused') return ANSWERED_BY_ERROR;
  const { costMicros, inputTokens, outputTokens } = reply;
  const counted = inputTokens !== null && outputTokens !== null;
  return { calls: 1, tokens: counted ? inputTokens + outputTokens : worst.tokens, micros: costMicros };
}

/** Of a question that the teacher does not answer: no vote, free of charge. */
export function refusedReply(question: Question): StoredReply {
  const empty: TeacherReply = {
    content: '',
    finishReason: 'unknown',
    inputTokens: null,
    outputTokens: null,
    latencyMs: 0,
  };
  return storedReply(question, empty, 0, { label: null, reason: null, unreadable: 'refused' });
}

/** The teacher itself said that it failed: nothing was billed. After any other error it may have been. */
export function wasAnswered(error: unknown): boolean {
  if (error instanceof TeacherFailedError) return error.answered;
  return [TeacherBusyError, TeacherRefusedError, QuestionRefusedError].some((type) => error instanceof type);
}

function storedReply(question: Question, reply: TeacherReply, costMicros: number | null, vote: Vote): StoredReply {
  const { prompt, sample, textKey } = question.request;
  const { content, finishReason, inputTokens, latencyMs, outputTokens, tokens } = reply;
  const said = { content, finishReason, inputTokens, outputTokens, latencyMs, ...(tokens && { tokens }) };
  const { key, teacher } = question;
  return { ...said, key, textKey, ...(teacher !== OWN_TEACHER && { teacher }), prompt, sample, costMicros, vote };
}

function micros(reply: TeacherReply, question: Question, price: Price | null): number | null {
  if (price === null) return null;
  if (reply.inputTokens === null || reply.outputTokens === null) return question.worst.micros;
  return callCostMicros(price, reply.inputTokens, reply.outputTokens);
}
