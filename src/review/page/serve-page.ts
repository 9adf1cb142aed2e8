/** The review page on a port. */
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ServerType } from '@hono/node-server';
import type { PageOptions } from './page-app.js';

export interface PageServer {
  /** http://HOST:PORT */
  readonly address: string;
  /** Ends when what was asked has been answered. */
  close(): Promise<void>;
}

export interface ServeOptions extends Omit<PageOptions, 'clientFolder' | 'now'> {
  readonly host: string;
  /** null: the usual one, or any where that is taken. */
  readonly port: number | null;
}

const USUAL_PORT = 7400;

/** Throws what listening throws: EADDRINUSE, EACCES, ENOTFOUND. */
export async function servePage({ host, port, ...options }: ServeOptions): Promise<PageServer> {
  const [{ createPageApp }, { createAdaptorServer }] = await Promise.all([
    import('./page-app.js'),
    import('@hono/node-server'),
  ]);
  const clientFolder = fileURLToPath(new URL('./client', import.meta.url));
  const app = createPageApp({ ...options, clientFolder, now: () => new Date() });
  const server = createAdaptorServer({ fetch: app.fetch });
  try {
    await listen(server, host, port ?? USUAL_PORT).catch((error) => {
      if (port !== null || error.code !== 'EADDRINUSE') throw error;
      return listen(server, host, 0);
    });
  } catch (error) {
    await app.close();
    throw error;
  }
  const { port: taken } = server.address() as AddressInfo;
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ('closeIdleConnections' in server) server.closeIdleConnections();
      });
      await app.close();
    },
  };
}

function listen(server: ServerType, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
