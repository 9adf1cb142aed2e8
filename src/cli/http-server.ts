/** An app on a port of this machine. */
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { ServerType } from '@hono/node-server';

export interface HttpServer {
  /** http://HOST:PORT; of all the machine's addresses its name. */
  readonly address: string;
  /** Ends when what was asked has been answered. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** Where the port is taken, any other will do. */
  readonly orAnother?: boolean;
}

/** Listened on, they mean all of the machine's addresses; nobody can be sent there. */
const EVERY_ADDRESS: readonly string[] = ['0.0.0.0', '::'];

/** Throws what listening throws: EADDRINUSE, EACCES, ENOTFOUND. */
export async function listen(
  app: { fetch: (request: Request) => Response | Promise<Response> },
  { host, orAnother, port }: ListenOptions,
): Promise<HttpServer> {
  // Loaded here: commands that serve nothing start sooner.
  const { createAdaptorServer } = await import('@hono/node-server');
  const server = createAdaptorServer({ fetch: app.fetch });
  await listening(server, host, port).catch((error) => {
    if (!orAnother || error.code !== 'EADDRINUSE') throw error;
    return listening(server, host, 0);
  });
  const { port: taken } = server.address() as AddressInfo;
  const named = EVERY_ADDRESS.includes(host) ? hostname() : host;
  return {
    address: `http://${named.includes(':') ? `[${named}]` : named}:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ('closeIdleConnections' in server) server.closeIdleConnections();
      }),
  };
}

function listening(server: ServerType, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
