/** Stands between a client and the S3 server of a test and does what networks do: loses answers, cuts them short, is slow. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface S3Proxy {
  readonly url: string;
  /** Requests so far, as "PUT /bucket/key". */
  readonly requests: string[];
  /** Drops the connection after the server has answered, for so many of the requests that match. */
  loseAnswers(pattern: RegExp, count: number): void;
  /** Ends the answer after so many bytes, likewise. */
  cutAnswers(pattern: RegExp, count: number, afterBytes: number): void;
  /** Each answer comes so much later. */
  delay(ms: number): void;
  close(): Promise<void>;
}

interface Fault {
  readonly pattern: RegExp;
  left: number;
  /** Of the answer that come through. */
  readonly bytes: number;
}

export async function startS3Proxy(target: string): Promise<S3Proxy> {
  const requests: string[] = [];
  const faults: Fault[] = [];
  let delayMs = 0;
  const server = createServer((incoming, outgoing) => {
    const name = `${incoming.method} ${incoming.url}`;
    requests.push(name);
    const fault = faults.find(({ left, pattern }) => left > 0 && pattern.test(name));
    if (fault !== undefined) fault.left--;
    forward(incoming, outgoing, { target, delayMs, bytes: fault?.bytes ?? null });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    loseAnswers: (pattern, count) => faults.push({ pattern, left: count, bytes: 0 }),
    cutAnswers: (pattern, count, bytes) => faults.push({ pattern, left: count, bytes }),
    delay: (ms) => {
      delayMs = ms;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** bytes: of the answer that come through before the connection is dropped; null: all. */
function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { bytes, delayMs, target }: { bytes: number | null; delayMs: number; target: string },
): void {
  // The headers as they are: the host is part of what is signed.
  const { headers, method, url } = incoming;
  const onward = request(`${target}${url}`, { method, headers }, async (answer) => {
    const pieces: Buffer[] = [];
    for await (const piece of answer) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces);
    if (delayMs > 0) await sleep(delayMs);
    if (bytes === 0) {
      incoming.socket.destroy();
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    if (bytes === null) outgoing.end(body);
    else outgoing.write(body.subarray(0, bytes), () => incoming.socket.destroy());
  });
  onward.on('error', () => incoming.socket.destroy());
  incoming.pipe(onward);
}
