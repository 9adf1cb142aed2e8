/** The teacher port. A teacher answers one question; who asks again, when, and what it may cost is decided elsewhere. */
import { FailureType, type PromptStyle, type TeacherReply } from '../contracts/index.js';
import type { BatchTeacher } from './batch-teacher.js';
import type { ToldLimits } from './rate-headers.js';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** One question: sample k of a prompt about a text. */
export interface TeacherRequest {
  readonly messages: readonly ChatMessage[];
  /** The rendered text and its SHA-256, for teachers that look replies up. */
  readonly text: string;
  readonly textKey: string;
  readonly prompt: PromptStyle;
  readonly sample: number;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly maxTokens: number;
  /** The task's seed + sample, or null where seeds are not sent. */
  readonly seed: number | null;
  /** JSON schema of the reply, where the prompt wants one and the endpoint accepts it. */
  readonly jsonSchema: Record<string, unknown> | null;
  readonly timeoutMs: number;
}

/** A reply, and what its headers tell of the provider's limits. */
export interface TeacherAnswer extends TeacherReply {
  readonly limits?: ToldLimits | null;
}

export interface Teacher {
  readonly provider: string;
  /** Host that gets the texts ("router.huggingface.co"), or a word for people where there is none. */
  readonly host: string;
  readonly model: string | null;
  /** Absent or null: it is asked one question at a time. */
  readonly batches?: BatchTeacher | null;
  /** Asks once, never retries. Throws one of the errors below, or the signal's reason when aborted. */
  ask(request: TeacherRequest, signal: AbortSignal): Promise<TeacherAnswer>;
  close(): Promise<void>;
}

/** The provider will not serve this key, model or endpoint: asking again is pointless. */
export class TeacherRefusedError extends Error {
  override readonly name = 'TeacherRefusedError';
  readonly type = FailureType.TeacherRefused;
  constructor(
    message: string,
    readonly status: number | null,
    readonly mend: string,
  ) {
    super(message);
  }
}

/** 429, or 503 with Retry-After: not billed, ask later. */
export class TeacherBusyError extends Error {
  override readonly name = 'TeacherBusyError';
  constructor(
    message: string,
    readonly retryAfterMs: number | null,
    readonly limits: ToldLimits | null = null,
  ) {
    super(message);
  }
}

/** What rate control has to know of a failure. */
export type Trouble = 'overloaded' | 'timed-out' | 'other';

/** 5xx, a time-out, a dropped connection. answered: the provider said so itself, so nothing was billed; else it may have been. */
export class TeacherFailedError extends Error {
  override readonly name = 'TeacherFailedError';
  readonly trouble: Trouble;
  constructor(
    message: string,
    readonly answered: boolean,
    options: ErrorOptions & { readonly trouble?: Trouble } = {},
  ) {
    super(message, options);
    this.trouble = options.trouble ?? 'other';
  }
}

/** The provider refuses this one question (too long, filtered): an unreadable reply, asking again is pointless. */
export class QuestionRefusedError extends Error {
  override readonly name = 'QuestionRefusedError';
}
