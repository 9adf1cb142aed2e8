/** An HTTP server that answers as it is told to, and keeps the calls. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StandInCall {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** The answer's JSON; a number is a status without one. */
export type StandInAnswer = (body: unknown, call: StandInCall) => unknown;

export interface StandIn {
  readonly url: string;
  readonly calls: StandInCall[];
  /** endpoint: "GET /path"; null: it has none any more. What has no answer is 404. */
  answer(endpoint: string, answer: StandInAnswer | null): void;
  close(): void;
}

export async function startStandIn(): Promise<StandIn> {
  const answers = new Map<string, StandInAnswer>();
  const calls: StandInCall[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const url = new URL(incoming.url ?? '/', 'http://localhost');
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const { headers, method = 'GET' } = incoming;
    const call = { method, path: url.pathname, query: url.searchParams, headers, body };
    calls.push(call);
    const answer = answers.get(`${method} ${url.pathname}`)?.(body, call);
    const status = answer === undefined ? 404 : typeof answer === 'number' ? answer : 200;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(status === 200 ? JSON.stringify(answer) : '{"detail":"no"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    answer(endpoint, answer) {
      if (answer === null) answers.delete(endpoint);
      else answers.set(endpoint, answer);
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
