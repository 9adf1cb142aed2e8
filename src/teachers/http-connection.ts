/** One pool of connections to a teacher. Sends a request once and turns every failure into an error of the port. */
import { setMaxListeners } from 'node:events';
import { Agent, type Dispatcher } from 'undici';
import { type CallContext, errorOfAnswer, errorOfNetwork } from './failed-call.js';
import { TeacherFailedError } from './teacher.js';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  /** The body, known to be JSON. */
  readonly text: string;
  readonly json: unknown;
  header(name: string): string | null;
}

const CONNECT_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** What came back, whatever its status. */
interface Exchanged {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

export class HttpConnection {
  private readonly agent: Agent;
  /** All calls but the first go to the same address. */
  private target: { readonly url: string; readonly origin: string; readonly path: string } | null = null;

  /** connections: most at once. Longer queues wait here, so limit the calls in flight to as many. */
  constructor(connections: number) {
    this.agent = new Agent({
      connections,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      // Each call brings its own time-out; undici's 300 s would cut long generations.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: MAX_ANSWER_BYTES,
    });
  }

  /** Throws an error of the port, or the signal's reason when aborted. Follows no redirect: keys stay with the host. */
  async send(url: string, sent: HttpRequest, context: CallContext, signal: AbortSignal): Promise<HttpAnswer> {
    signal.throwIfAborted();
    // One signal stops all calls in flight, of which there may be thousands.
    setMaxListeners(0, signal);
    const { headers, status, text } = await this.exchange(url, sent, context.host, signal);
    const header = (name: string) => first(headers[name]);
    if (status >= 300) throw errorOfAnswer({ status, header, body: text }, context);
    return { text, json: parseBody(text, context.host), header };
  }

  async close(): Promise<void> {
    await this.agent.close();
  }

  private exchange(url: string, sent: HttpRequest, host: string, signal: AbortSignal): Promise<Exchanged> {
    const { body, headers, method, timeoutMs } = sent;
    const { origin, path } = this.targetOf(url);
    return new Promise((resolve, reject) => {
      const answer = new AnswerReader((error, exchanged) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        if (signal.aborted) reject(signal.reason);
        else if (error === null) resolve(exchanged);
        else reject(error instanceof TeacherFailedError ? error : errorOfNetwork(error, host));
      });
      const stop = () => answer.stop(new Error('stopped'));
      const timer = setTimeout(() => {
        const says = `no reply from ${host} within ${timeoutMs / 1000} s`;
        answer.stop(new TeacherFailedError(says, false, { trouble: 'timed-out' }));
      }, timeoutMs);
      signal.addEventListener('abort', stop);
      this.agent.dispatch({ origin, path, method, headers, body }, answer);
    });
  }

  private targetOf(url: string) {
    if (this.target?.url !== url) {
      const { origin, pathname, search } = new URL(url);
      this.target = { url, origin, path: `${pathname}${search}` };
    }
    return this.target;
  }
}

/** Gathers one answer. undici's `request` does the same through a stream and several promises, which takes as much time as
 *  all the rest of a call. */
class AnswerReader implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | null = null;
  private stopped: Error | null = null;
  private status = 0;
  private headers: Headers = {};
  private readonly pieces: Buffer[] = [];

  /** Called once, with an error or an answer. */
  constructor(private readonly done: (error: Error | null, exchanged: Exchanged) => void) {}

  stop(reason: Error): void {
    this.stopped ??= reason;
    this.controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.stopped !== null) controller.abort(this.stopped);
  }

  /** Also of 1xx answers, which another one follows. */
  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    this.status = status;
    this.headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.pieces.push(piece);
  }

  onResponseEnd(): void {
    this.end(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    // An error's status counts even where its explanation broke off.
    if (this.status >= 300) this.pieces.length = 0;
    this.end(this.status >= 300 ? null : error);
  }

  private end(error: Error | null): void {
    const { headers, pieces, status } = this;
    this.done(error, { status, headers, text: decode(pieces) });
  }
}

function first(values: string | string[] | undefined): string | null {
  return (Array.isArray(values) ? values[0] : values) ?? null;
}

/** UTF-8, without the mark that may stand at its start. */
function decode(pieces: readonly Buffer[]): string {
  const [only] = pieces;
  const bytes = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  const text = bytes.toString('utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** A body that begins as JSON and does not end was cut off on its way: it may have been billed. */
function parseBody(text: string, host: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the body, which may hold texts.
    const cutOff = text.trimStart().startsWith('{');
    const what = cutOff ? 'JSON that breaks off' : 'something that is not JSON';
    throw new TeacherFailedError(`${host} answered 200 with ${what} (${text.length} characters)`, !cutOff);
  }
}
