/** The OpenAI Batch protocol over HTTP: files go up, batches of their lines are worked on, files come down. Each method sends
 *  one request (find: one a page) and never repeats it. Shapes: openai-node's src/resources/batches.ts and files.ts. */
import { Readable } from 'node:stream';
import { Agent, FormData, request } from 'undici';
import { z } from 'zod';
import { BatchState } from './batch-state.js';
import { type Credentials, headersOf } from './credentials.js';
import { type CallContext, errorOfAnswer, errorOfNetwork, providerWords } from './failed-call.js';
import { QuestionRefusedError, TeacherFailedError, TeacherRefusedError } from './teacher.js';

/** What the protocol calls a question's address, whatever the host's own paths are. */
export const CHAT_COMPLETIONS = '/v1/chat/completions';
/** Key of a batch's metadata that names our part. */
const PART_KEY = 'tutelage_part';

const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 60_000;
const UPLOAD_TIMEOUT_MS = 15 * 60_000;
/** A download that stands still for so long is given up. */
const STALLED_MS = 60_000;
const PAGE = 100;
/** Batches that were created so long before the one looked for are not it, whatever the clocks say. */
const CLOCKS_DIFFER_S = 3600;

const FileState = z.object({ id: z.string() });
const Page = z.object({ data: z.array(z.unknown()), has_more: z.boolean().nullish() });

export interface BatchApiParts {
  /** As in teacher.url, or with the path of chat completions. */
  readonly endpoint: URL;
  readonly model: string | null;
  readonly credentials: Credentials;
  readonly completionWindow: string;
}

/** What identifies a batch that was created, or may have been. */
export interface SentPart {
  readonly part: string;
  readonly inputFile: string;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
}

export class BatchApi {
  private readonly base: string;
  private readonly context: CallContext;
  private readonly agent = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS }, bodyTimeout: STALLED_MS });

  constructor(private readonly parts: BatchApiParts) {
    this.base = parts.endpoint.href.replace(/\/+$/, '').replace(/\/chat\/completions$/, '');
    this.context = { host: parts.endpoint.host, model: parts.model, ...parts.credentials, question: null };
  }

  get host(): string {
    return this.context.host;
  }

  /** Returns the file's id. */
  async upload(name: string, lines: readonly string[], signal: AbortSignal): Promise<string> {
    const form = new FormData();
    form.set('purpose', 'batch');
    form.set('file', new File([`${lines.join('\n')}\n`], name, { type: 'application/jsonl' }));
    return FileState.parse(await this.exchange('POST', '/files', { form, timeoutMs: UPLOAD_TIMEOUT_MS }, signal)).id;
  }

  /** After a TeacherFailedError it may have been created or not: look with `find`. */
  async create({ inputFile, part }: Pick<SentPart, 'inputFile' | 'part'>, signal: AbortSignal): Promise<BatchState> {
    const json = {
      input_file_id: inputFile,
      endpoint: CHAT_COMPLETIONS,
      completion_window: this.parts.completionWindow,
      metadata: { [PART_KEY]: part },
    };
    return this.state(await this.exchange('POST', '/batches', { json, idempotencyKey: part }, signal));
  }

  async retrieve(id: string, signal: AbortSignal): Promise<BatchState> {
    return this.state(await this.exchange('GET', `/batches/${encodeURIComponent(id)}`, {}, signal));
  }

  async cancel(id: string, signal: AbortSignal): Promise<BatchState> {
    return this.state(await this.exchange('POST', `/batches/${encodeURIComponent(id)}/cancel`, {}, signal));
  }

  /** The batches of the part that the provider lists, the oldest first; none: there is none, or its list lags behind. */
  async find({ inputFile, part, sentAt }: SentPart, signal: AbortSignal): Promise<BatchState[]> {
    const found = new Map<string, BatchState>();
    let after = '';
    for (;;) {
      const answer = await this.exchange('GET', `/batches?limit=${PAGE}${after}`, {}, signal);
      const page = this.read(Page, answer);
      const batches = page.data.map((each) => this.state(each));
      for (const batch of batches) {
        if (batch.metadata?.[PART_KEY] === part || batch.input_file_id === inputFile) found.set(batch.id, batch);
      }
      const last = batches.at(-1);
      const isOld = ({ created_at }: BatchState) => (created_at ?? sentAt) < sentAt / 1000 - CLOCKS_DIFFER_S;
      if (page.has_more !== true || last === undefined || batches.every(isOld)) break;
      after = `&after=${encodeURIComponent(last.id)}`;
    }
    return [...found.values()].sort((a, b) => (a.created_at ?? 0) - (b.created_at ?? 0));
  }

  /** Bytes of a file from an offset on. resumed: they begin at the offset; else at the file's start. */
  async content(
    file: string,
    offset: number,
    signal: AbortSignal,
  ): Promise<{ resumed: boolean; bytes: AsyncIterable<Uint8Array> }> {
    const range: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
    const path = `/files/${encodeURIComponent(file)}/content`;
    const answer = await this.open('GET', path, range, null, signal).catch((error: unknown) => {
      // Nothing is left behind the offset: only the end of the answer was lost.
      if (error instanceof TeacherRefusedError && error.status === 416) return null;
      throw error;
    });
    if (answer === null) return { resumed: true, bytes: Readable.from([]) };
    return { resumed: answer.statusCode === 206, bytes: answer.body };
  }

  /** The error of a download: one of the teacher port, or the signal's reason. */
  brokenOff(error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    return isOfPort(error) ? error : errorOfNetwork(error, this.host);
  }

  /** What the provider says of a batch that it did not accept, without texts. */
  reasonsOf({ errors }: BatchState): string {
    const says = (errors?.data ?? [])
      .slice(0, 3)
      .map(({ code, message }) => [code, message].filter(Boolean).join(': '));
    return providerWords(JSON.stringify({ message: says.join('; ') || 'no reason given' }), this.context);
  }

  async close(): Promise<void> {
    await this.agent.close();
  }

  private async exchange(
    method: 'GET' | 'POST',
    path: string,
    sent: { json?: unknown; form?: FormData; idempotencyKey?: string; timeoutMs?: number },
    signal: AbortSignal,
  ): Promise<unknown> {
    const headers = {
      ...(sent.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(sent.idempotencyKey === undefined ? {} : { 'idempotency-key': sent.idempotencyKey }),
    };
    const body = sent.form ?? (sent.json === undefined ? null : JSON.stringify(sent.json));
    const late = AbortSignal.timeout(sent.timeoutMs ?? ANSWER_TIMEOUT_MS);
    const answer = await this.open(method, path, headers, body, AbortSignal.any([signal, late]));
    try {
      return JSON.parse(await answer.body.text());
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof SyntaxError) throw this.senseless('something that is not JSON');
      throw errorOfNetwork(error, this.host);
    }
  }

  /** Throws an error of the teacher port for an answer that is none, or the signal's reason when aborted. */
  private async open(
    method: 'GET' | 'POST',
    path: string,
    headers: Record<string, string>,
    body: string | FormData | null,
    signal: AbortSignal,
  ) {
    try {
      const answer = await request(`${this.base}${path}`, {
        dispatcher: this.agent,
        method,
        headers: { ...headersOf(this.parts.credentials), ...headers },
        body,
        signal,
      });
      const status = answer.statusCode;
      if (status < 300) return answer;
      const text = await answer.body.text();
      const header = (name: string) => [answer.headers[name]].flat()[0] ?? null;
      throw this.asRefusal(errorOfAnswer({ status, header, body: text }, this.context), status);
    } catch (error) {
      if (isOfPort(error)) throw error;
      if (signal.aborted && !isTimeOut(signal.reason)) throw signal.reason;
      throw errorOfNetwork(signal.aborted ? signal.reason : error, this.host);
    }
  }

  /** A question is refused alone; here it is a file or a batch. */
  private asRefusal(error: Error, status: number): Error {
    if (!(error instanceof QuestionRefusedError)) return error;
    return new TeacherRefusedError(error.message, status, 'See teacher.batch, teacher.model and teacher.extraBody.');
  }

  private state(answer: unknown): BatchState {
    return this.read(BatchState, answer);
  }

  private read<Value>(schema: z.ZodType<Value>, answer: unknown): Value {
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw this.senseless('something that is not in the Batch protocol');
  }

  private senseless(what: string): TeacherFailedError {
    return new TeacherFailedError(`${this.host} answered 200 with ${what}`, true);
  }
}

function isOfPort(error: unknown): boolean {
  return error instanceof Error && /^(Teacher|Question)/.test(error.name);
}

function isTimeOut(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError';
}
