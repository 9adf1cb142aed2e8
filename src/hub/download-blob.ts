/** One file of the Hub, resumed where an earlier attempt ended, and checked against its digest. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HubError, isFromFileSystem, isRefusal } from './hub-error.js';

export interface StoredFile {
  /** sha256 of the content, or git's SHA-1 of a header and the content, which small files have. */
  readonly kind: 'sha256' | 'git';
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** Downloads of this process that are under way, by their paths: who wants one of them, too, waits for it. */
const underWay = new Map<string, Promise<void>>();

/** Throws HubError when the server refuses, or what it sent has another digest; then nothing is kept of it. */
export function downloadBlob(
  repository: string,
  source: { readonly url: string; readonly token: string | null },
  file: StoredFile,
  path: string,
): Promise<void> {
  const known = underWay.get(path);
  if (known !== undefined) return known;
  const download = fetchWhole(repository, source, file, path).finally(() => underWay.delete(path));
  underWay.set(path, download);
  return download;
}

async function fetchWhole(
  repository: string,
  { url, token }: { url: string; token: string | null },
  file: StoredFile,
  path: string,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const own = await claimPart(path);
  try {
    let done = await sizeOf(own);
    if (done > file.size) done = 0;
    if (done < file.size || file.size === 0) await fetchRest(repository, { url, token, start: done }, own);
    const digest = await digestOf(own, file);
    if (digest !== file.digest) {
      await rm(own);
      throw new HubError(repository, `${url} has digest ${digest} instead of ${file.digest}; try again`);
    }
    await rename(own, path);
  } catch (error) {
    // For whoever tries next.
    await rename(own, path + INCOMPLETE).catch(() => undefined);
    throw error;
  }
}

const INCOMPLETE = '.incomplete';
/** Longer than a download waits for a server that sends nothing. */
const ABANDONED_MS = 600_000;

/** What came of the file before, under a name of this process: two that wrote to one file would spoil it for each other. */
async function claimPart(path: string): Promise<string> {
  const [folder, prefix] = [dirname(path), basename(path) + INCOMPLETE];
  const own = `${path}${INCOMPLETE}.${hostname()}.${process.pid}`;
  for (const name of await readdir(folder)) {
    const part = join(folder, name);
    if (!name.startsWith(prefix) || part === own || !(name === prefix || (await isAbandoned(part)))) continue;
    if (await moved(part, own)) break;
  }
  return own;
}

/** false: somebody else was quicker. */
function moved(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    () => false,
  );
}

/** Its process was killed. That of another machine with the same cache is not seen, but it is not silent for long. */
async function isAbandoned(part: string): Promise<boolean> {
  const [pid, host] = [
    Number(part.split('.').at(-1)),
    part.slice(part.lastIndexOf(INCOMPLETE) + INCOMPLETE.length + 1),
  ];
  if (host === `${hostname()}.${pid}`) return !isRunning(pid);
  const found = await stat(part).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > ABANDONED_MS;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function fetchRest(
  repository: string,
  { url, token, start }: { url: string; token: string | null; start: number },
  path: string,
): Promise<void> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  if (start > 0) headers.range = `bytes=${start}-`;
  try {
    const response = await fetch(url, { headers });
    if (!response.ok || response.body === null) throw refusal(repository, url, response.status);
    // A server that knows no ranges sends the whole file again.
    const flags = response.status === 206 ? 'a' : 'w';
    await pipeline(Readable.fromWeb(response.body), createWriteStream(path, { flags }));
  } catch (error) {
    if (error instanceof HubError || isFromFileSystem(error)) throw error;
    throw new HubError(repository, `${url} broke off; what came is kept for the next attempt`, { cause: error });
  }
}

function refusal(repository: string, url: string, status: number): HubError {
  if (!isRefusal(status)) return new HubError(repository, `${url}: HTTP ${status}`);
  const why = 'HF_TOKEN may not read it; if its page asks to accept terms, accept them with the account of the token';
  return new HubError(repository, `${url}: HTTP ${status}: ${why}`, { refused: true });
}

async function digestOf(path: string, { kind, size }: StoredFile): Promise<string> {
  const hash = createHash(kind === 'sha256' ? 'sha256' : 'sha1');
  if (kind === 'git') hash.update(`blob ${size}\0`);
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest('hex');
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
