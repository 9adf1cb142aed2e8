/** The review page on a port. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openPageApp, type PageAppOptions } from '../review/index.js';
import { type HttpServer, listen } from './http-server.js';

export interface ServePageOptions extends PageAppOptions {
  readonly host: string;
  /** null: the usual one, or any where that is taken. */
  readonly port: number | null;
  /** Its rows are read before somebody opens it; null: no run's are. */
  readonly workflowId: string | null;
}

const USUAL_PORT = 7400;
/** Between two looks for runs that wait, whose boards show the page. */
const LOOK_MS = 5_000;
/** For the last news, that the page is gone. */
const FAREWELL_MS = 2_000;

/** Throws what listening throws: EADDRINUSE, EACCES, ENOTFOUND. */
export async function servePage({ host, port, workflowId, ...options }: ServePageOptions): Promise<HttpServer> {
  const app = await openPageApp(options);
  try {
    const server = await listen(app, { host, port: port ?? USUAL_PORT, orAnother: port === null });
    // Whoever opens it is told what is wrong with it.
    if (workflowId !== null) app.prepare(workflowId).catch(() => undefined);
    // Without a Temporal server there is no board.
    const tell = (address: string | null) => app.tellBoards(address).catch(() => undefined);
    const looking = setInterval(() => tell(server.address), LOOK_MS).unref();
    return {
      address: server.address,
      close: async () => {
        clearInterval(looking);
        await Promise.race([tell(null), sleep(FAREWELL_MS, undefined, { ref: false })]);
        await server.close();
        await app.close();
      },
    };
  } catch (error) {
    await app.close();
    throw error;
  }
}
