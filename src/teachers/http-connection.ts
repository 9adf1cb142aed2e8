/** One pool of connections to a teacher. Sends a request once and turns every failure into an error of the port. */
import { setMaxListeners } from 'node:events';
import { Agent, request } from 'undici';
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

export class HttpConnection {
  private readonly agent: Agent;

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
    const { header, status, text } = await this.exchange(url, sent, context.host, signal);
    signal.throwIfAborted();
    if (status >= 300) throw errorOfAnswer({ status, header, body: text }, context);
    return { text, json: parseBody(text, context.host), header };
  }

  async close(): Promise<void> {
    await this.agent.close();
  }

  private async exchange(url: string, sent: HttpRequest, host: string, signal: AbortSignal) {
    const call = new AbortController();
    const abort = () => call.abort();
    signal.addEventListener('abort', abort);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      abort();
    }, sent.timeoutMs);
    try {
      const { method, headers, body } = sent;
      const response = await request(url, { dispatcher: this.agent, method, headers, body, signal: call.signal });
      const status = response.statusCode;
      const text = await response.body.text().catch((error: unknown) => {
        // An error's status counts even where its explanation broke off.
        if (status >= 300) return '';
        throw error;
      });
      return { status, text, header: (name: string) => [response.headers[name]].flat()[0] ?? null };
    } catch (error) {
      signal.throwIfAborted();
      if (timedOut) {
        const says = `no reply from ${host} within ${sent.timeoutMs / 1000} s`;
        throw new TeacherFailedError(says, false, { trouble: 'timed-out' });
      }
      throw errorOfNetwork(error, host);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }
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
