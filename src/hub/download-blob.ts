/** One file of the Hub, resumed where an earlier attempt ended, and checked against its digest. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HubError } from './hub-error.js';

export interface StoredFile {
  /** sha256 of the content, or git's SHA-1 of a header and the content, which small files have. */
  readonly kind: 'sha256' | 'git';
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** Throws HubError when the server refuses, or what it sent has another digest; then nothing is kept of it. */
export async function downloadBlob(
  repository: string,
  { url, token }: { url: string; token: string | null },
  file: StoredFile,
  path: string,
): Promise<void> {
  const incomplete = `${path}.incomplete`;
  await mkdir(dirname(path), { recursive: true });
  let done = await sizeOf(incomplete);
  if (done > file.size) done = 0;
  if (done < file.size || file.size === 0) await fetchRest(repository, { url, token, start: done }, incomplete);
  const digest = await digestOf(incomplete, file);
  if (digest !== file.digest) {
    await rm(incomplete);
    throw new HubError(repository, `${url} has digest ${digest} instead of ${file.digest}; try again`);
  }
  await rename(incomplete, path);
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
    if (!response.ok || response.body === null) throw new HubError(repository, `${url}: HTTP ${response.status}`);
    // A server that knows no ranges sends the whole file again.
    const flags = response.status === 206 ? 'a' : 'w';
    await pipeline(Readable.fromWeb(response.body), createWriteStream(path, { flags }));
  } catch (error) {
    if (error instanceof HubError) throw error;
    throw new HubError(repository, `${url} broke off; what came is kept for the next attempt`, { cause: error });
  }
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
