/** A stand-in for the Hub: one model or dataset, whose files lie in memory. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const COMMIT = 'a'.repeat(40);

export interface HubServer {
  readonly endpoint: string;
  /** "GET /path" with its range, of every request for a file. */
  readonly downloads: string[];
  /** Bytes after which the next download breaks off; null: none does. */
  breakAfter: number | null;
  /** What is sent instead of the file's content; null: the content. */
  falsified: Buffer | null;
  /** HTTP status of requests for files; null: they are sent. */
  refusedWith: number | null;
  /** The commit that the revision means now. */
  commit: string;
  /** What the last request for a file was authorised with. */
  authorization: string | undefined;
  close(): Promise<void>;
}

/** Serves a model at its branch main, or a dataset at the branch of the conversion to Parquet. */
export async function startHubServer(
  repository: string,
  files: Record<string, Buffer>,
  { type, revision }: { type: 'model' | 'dataset'; revision: string } = { type: 'model', revision: 'main' },
): Promise<HubServer> {
  const state = {
    downloads: [] as string[],
    breakAfter: null as number | null,
    falsified: null as Buffer | null,
    refusedWith: null as number | null,
    commit: COMMIT,
    authorization: undefined as string | undefined,
  };
  const server: Server = createServer((request, response) => answer(request, response));

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const encoded = new URL(request.url!, 'http://hub').pathname;
    const path = decodeURIComponent(encoded);
    const resolved = `${type === 'dataset' ? '/datasets' : ''}/${repository}/resolve/${state.commit}/`;
    const api = `/api/${type}s/${repository}`;
    const file = path.startsWith(resolved) ? files[path.slice(resolved.length)] : undefined;
    if (encoded === `${api}/revision/${encodeURIComponent(revision)}`) json(response, { sha: state.commit });
    else if (path === `${api}/tree/${state.commit}`) json(response, Object.entries(files).map(treeEntry));
    else if (file === undefined) response.writeHead(404).end();
    else if (state.refusedWith !== null) response.writeHead(state.refusedWith).end();
    else send(request, response, path, file);
  }

  function send(request: IncomingMessage, response: ServerResponse, path: string, file: Buffer): void {
    const { authorization, range } = request.headers;
    state.authorization = authorization;
    state.downloads.push(`GET ${path.split('/').at(-1)}${range === undefined ? '' : ` ${range}`}`);
    const start = range === undefined ? 0 : Number(/bytes=(\d+)-/.exec(range)![1]);
    const body = (state.falsified ?? file).subarray(start);
    response.writeHead(range === undefined ? 200 : 206, { 'content-length': body.length });
    const end = state.breakAfter;
    state.breakAfter = null;
    if (end === null) response.end(body);
    else response.write(body.subarray(0, end), () => setTimeout(() => response.destroy(), 50));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(state, {
    endpoint,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** Large files are in LFS with their sha256, small ones are git's. */
function treeEntry([path, content]: [string, Buffer]) {
  const oid = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
  const sha256 = createHash('sha256').update(content).digest('hex');
  const lfs = /\.(safetensors|parquet)$/.test(path)
    ? { oid: sha256, size: content.length, pointerSize: 100 }
    : undefined;
  return { type: 'file', path, size: content.length, oid, ...(lfs ? { lfs } : {}) };
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
