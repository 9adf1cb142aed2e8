/** What a failed HTTP call means: which of the port's errors it is, in the provider's words without keys or texts. */
import { readRateLimits } from './rate-headers.js';
import {
  QuestionRefusedError,
  TeacherBusyError,
  TeacherFailedError,
  TeacherRefusedError,
  type TeacherRequest,
} from './teacher.js';

/** What messages may name, and what they must not show. */
export interface CallContext {
  /** Host and model, for people. */
  readonly host: string;
  readonly model: string | null;
  /** Variable that the key came from; null: no key was sent. */
  readonly keyName: string | null;
  readonly secrets: readonly string[];
  /** null: the call carried no question. */
  readonly question: Pick<TeacherRequest, 'text' | 'messages'> | null;
}

export interface FailedAnswer {
  readonly status: number;
  readonly header: (name: string) => string | null;
  readonly body: string;
}

const WORDS_SHOWN = 300;
/** Characters of an error page that are looked at. */
const PAGE_READ = 4000;
/** Words of a provider that repeat this many characters in a row from a text or a prompt are cut out. */
const REPEATED_CHARACTERS = 20;
const REMOVED = '[…]';

const KEY_LIKE = /\b(?:hf|sk|gsk|pk|nvapi|key|api)[-_][\w*.-]{8,}|\bBearer\s+\S+|\b[\w-]{40,}\b/g;
/** "The model x does not exist", said with a 400 by some. */
const UNKNOWN_MODEL =
  /\bmodel[`'":\s]+\S{1,120}\s+(?:is )?(?:not found|does not exist|not supported|not available|unknown)|(?:unknown|invalid|no such) model/i;
const CODE_OF_UNKNOWN_MODEL = /"code"\s*:\s*"model_not_found"/;
const CODE_OF_NO_CREDIT = /"(?:code|type)"\s*:\s*"insufficient_quota"/;

/** Codes of Node and undici that say: no request went out, nothing can be billed. */
const NOT_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ECONNABORTED|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;

/** 503, and what some say instead. */
const OVERLOADED = [503, 529];

export function errorOfAnswer(answer: FailedAnswer, context: CallContext, now = Date.now()): Error {
  const { status } = answer;
  const words = providerWords(answer.body, context);
  const says = `${context.host} answered ${status}${words === '' ? '' : `: ${words}`}`;
  const refused = (mend: string) => new TeacherRefusedError(says, status, mend);
  if (status === 401 || status === 403) return refused(mendOfKey(context));
  if (status === 402 || (status === 429 && CODE_OF_NO_CREDIT.test(answer.body))) {
    return refused(`Add credit to the account at ${context.host}, or choose another teacher.`);
  }
  const unknownModel = UNKNOWN_MODEL.test(words) || CODE_OF_UNKNOWN_MODEL.test(answer.body);
  if (status < 400 || [404, 405, 410].includes(status) || (status < 500 && status !== 429 && unknownModel)) {
    return refused(`Check teacher.model (${context.model ?? 'none'}) and teacher.url.`);
  }
  const retryAfter = answer.header('retry-after');
  if (status === 429 || (OVERLOADED.includes(status) && retryAfter !== null)) {
    return new TeacherBusyError(says, retryAfterMs(retryAfter, now), readRateLimits(answer.header, now));
  }
  if (status >= 500 || status === 408 || status === 409 || status === 425) {
    return new TeacherFailedError(says, true, { trouble: OVERLOADED.includes(status) ? 'overloaded' : 'other' });
  }
  return new QuestionRefusedError(says);
}

/** A call that got no answer. Keeps the cause: its code tells what happened. */
export function errorOfNetwork(error: unknown, host: string): TeacherFailedError {
  const code = codeOf(error) ?? String(error);
  const answered = wasNotSent(error);
  const what = answered ? `nothing answers at ${host}` : `the connection to ${host} broke off`;
  return new TeacherFailedError(`${what} (${code})`, answered, { cause: error });
}

/** Before a run has begun, an endpoint that can't be reached is the user's mistake, not a passing fault. Other errors come
 *  back as they are. */
export function refusedIfNotReached(error: unknown, host: string): unknown {
  if (!(error instanceof TeacherFailedError) || !wasNotSent(error)) return error;
  return new TeacherRefusedError(
    error.message,
    null,
    `Start the server at ${host}, correct teacher.url, or look at the network.`,
  );
}

/** What the provider says of an error, at most 300 characters, without keys and without the question's texts. */
export function providerWords(body: string, { question, secrets }: CallContext): string {
  let words = messageOf(body).slice(0, 4 * WORDS_SHOWN);
  for (const secret of secrets) words = words.replaceAll(secret, REMOVED);
  words = words.replace(KEY_LIKE, REMOVED);
  const texts = question === null ? [] : [question.text, ...question.messages.map(({ content }) => content)];
  for (const text of texts) words = withoutRepeats(words, text);
  return words.replace(/\s+/g, ' ').trim().slice(0, WORDS_SHOWN);
}

/** Retry-After as seconds or as an HTTP date (RFC 9110, 10.2.3). null: absent or senseless. */
export function retryAfterMs(header: string | null, now: number): number | null {
  const value = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(value)) return Math.round(Number(value) * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function mendOfKey({ host, keyName }: CallContext): string {
  if (keyName === null) return `Name the variable with the key of ${host} in teacher.apiKeyEnv.`;
  return `Check that ${keyName} holds a valid key of ${host} that may use this model.`;
}

function messageOf(body: string): string {
  try {
    const parsed = JSON.parse(body) as Record<string, unknown> | null;
    const error = parsed?.error ?? parsed?.detail ?? parsed?.message ?? parsed;
    const message = typeof error === 'object' ? (error as Record<string, unknown> | null)?.message : error;
    return typeof message === 'string' ? message : JSON.stringify(error);
  } catch {
    // Not JSON: a page of a proxy, or plain words.
    return body.slice(0, PAGE_READ).replace(/<(script|style)[\s\S]*?<\/\1>|<[^>]*>/gi, ' ');
  }
}

/** Cuts out every run of characters that also stands in the text, as it is or as JSON writes it. */
function withoutRepeats(words: string, text: string): string {
  if (text.length >= REPEATED_CHARACTERS / 2 && text.length < REPEATED_CHARACTERS)
    return words.replaceAll(text, REMOVED);
  const runs = new Set<string>();
  for (const form of [text, JSON.stringify(text).slice(1, -1)]) {
    for (let at = 0; at + REPEATED_CHARACTERS <= form.length; at++) runs.add(form.slice(at, at + REPEATED_CHARACTERS));
  }
  let kept = '';
  let end = 0;
  for (let at = 0; at < words.length; at++) {
    if (runs.has(words.slice(at, at + REPEATED_CHARACTERS))) {
      if (at >= end) kept += REMOVED;
      end = at + REPEATED_CHARACTERS;
    }
    if (at >= end) kept += words[at];
  }
  return kept;
}

/** No connection could be made: the address, the network or the certificate is wrong. */
function wasNotSent(error: unknown): boolean {
  return NOT_SENT.test(codeOf(error) ?? '');
}

/** The code of an error, of what caused it, or, where several addresses were tried, of the first of them. */
function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const { cause, code, errors } = error as { cause?: unknown; code?: unknown; errors?: unknown };
  if (typeof code === 'string') return code;
  return codeOf(Array.isArray(errors) ? errors[0] : cause);
}
