/** A repository of the Hub and its place in the cache, whose layout is that of huggingface_hub in Python: refs name
 *  commits, snapshots hold links to blobs, and blobs are named after their digests. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { downloadBlob, type StoredFile } from './download-blob.js';
import { cacheError, HubError, isRefusal } from './hub-error.js';
import type { HubSettings } from './hub-settings.js';

export interface Repository {
  readonly type: 'model' | 'dataset';
  /** "sentence-transformers/all-MiniLM-L6-v2". */
  readonly name: string;
}

const COMMIT = /^[0-9a-f]{40}$/;

/** The repository's folder in the cache. */
export function cacheFolder({ type, name }: Repository, hub: HubSettings): string {
  return join(hub.cacheFolder, `${type}s--${name.replaceAll('/', '--')}`);
}

/** The commit of a branch, a tag or a commit, and a note of it in the cache. Throws HubError. */
export async function resolveRevision(repository: Repository, revision: string, hub: HubSettings): Promise<string> {
  if (COMMIT.test(revision)) return revision;
  const { type, name } = repository;
  const url = `${hub.endpoint}/api/${type}s/${name}/revision/${encodeURIComponent(revision)}`;
  const headers: Record<string, string> = hub.token === null ? {} : { authorization: `Bearer ${hub.token}` };
  const response = await fetch(url, { headers }).catch((error: Error) => {
    throw new HubError(name, `${hub.endpoint} does not answer`, { cause: error });
  });
  if (!response.ok) throw refusal(repository, revision, response.status);
  const { data } = z.object({ sha: z.string().regex(COMMIT) }).safeParse(await response.json().catch(() => null));
  if (data !== undefined) return data.sha;
  throw new HubError(name, `${hub.endpoint} answers revision ${revision} without its commit; is HF_ENDPOINT right?`);
}

/** The commit that the cache knows for the revision; null: none. */
export async function cachedRevision(
  repository: Repository,
  revision: string,
  hub: HubSettings,
): Promise<string | null> {
  if (COMMIT.test(revision)) return revision;
  const ref = join(cacheFolder(repository, hub), 'refs', revision);
  const commit = await readFile(ref, 'utf8').catch(absentAsNull);
  return commit === null ? null : commit.trim();
}

/** Remembers what the revision meant, for work without a network. */
export async function noteRevision(
  repository: Repository,
  { revision, commit }: { revision: string; commit: string },
  hub: HubSettings,
): Promise<void> {
  if (COMMIT.test(revision)) return;
  const path = join(cacheFolder(repository, hub), 'refs', revision);
  await inCache(repository, hub, async () => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, commit);
  });
}

/** All files of a commit, by path. The list is kept in the cache: offline, or while the Hub does not answer, it is the same.
 *  Throws HubError. */
export async function listFiles(
  repository: Repository,
  { revision, commit }: { revision: string; commit: string },
  hub: HubSettings,
): Promise<Map<string, StoredFile>> {
  const path = join(cacheFolder(repository, hub), 'listings', `${commit}.json`);
  const known = await readFile(path, 'utf8')
    .then((text) => Listing.parse(JSON.parse(text)))
    // Not there, or not to be read: it is asked for again.
    .catch(() => null);
  if (known !== null) return new Map(Object.entries(known));
  if (hub.offline) throw notCached(repository, 'the list of files', revision);
  const listed = await askForFiles(repository, commit, hub);
  await inCache(repository, hub, async () => {
    const partial = `${path}.${randomUUID()}.partial`;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(partial, JSON.stringify(Object.fromEntries(listed)));
    await rename(partial, path);
  });
  return listed;
}

const Listing = z.record(
  z.string(),
  z.object({ kind: z.enum(['sha256', 'git']), digest: z.string(), size: z.number().int() }),
);

async function askForFiles(
  { type, name }: Repository,
  commit: string,
  hub: HubSettings,
): Promise<Map<string, StoredFile>> {
  const { listFiles: list } = await import('@huggingface/hub');
  const found = new Map<string, StoredFile>();
  const options = { recursive: true, hubUrl: hub.endpoint, ...(hub.token === null ? {} : { accessToken: hub.token }) };
  try {
    for await (const file of list({ repo: { type, name }, revision: commit, ...options })) {
      const { path, oid, size, lfs } = file;
      if (file.type !== 'file' || oid === undefined) continue;
      found.set(path, lfs ? { kind: 'sha256', digest: lfs.oid, size: lfs.size } : { kind: 'git', digest: oid, size });
    }
  } catch (error) {
    const refused = isRefusal((error as { statusCode?: number }).statusCode);
    throw new HubError(name, `its files can't be listed (${(error as Error).message})`, { refused, cause: error });
  }
  return found;
}

/** The file's place in the snapshot of the commit; its blob is not fetched again where the cache has it. Throws HubError. */
export async function fetchFile(
  repository: Repository,
  { commit, path, file }: { commit: string; path: string; file: StoredFile },
  hub: HubSettings,
): Promise<string> {
  const { type, name } = repository;
  const folder = cacheFolder(repository, hub);
  const stored = join(folder, 'blobs', file.digest);
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  const url = `${hub.endpoint}/${type === 'dataset' ? 'datasets/' : ''}${name}/resolve/${commit}/${encoded}`;
  const link = join(folder, 'snapshots', commit, path);
  await inCache(repository, hub, async () => {
    if (!(await exists(stored))) {
      if (hub.offline) throw notCached(repository, path, commit);
      await downloadBlob(name, { url, token: hub.token }, file, stored);
    }
    await mkdir(dirname(link), { recursive: true });
    await symlink(relative(dirname(link), stored), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  });
  return link;
}

/** Work on the cache's files. Throws HubError for a cache that can't be written. */
export async function inCache(repository: Repository, hub: HubSettings, work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => {
    throw cacheError(repository.name, hub.cacheFolder, error);
  });
}

export function notCached({ name }: Repository, what: string, revision: string): HubError {
  const problem = `HF_HUB_OFFLINE is set, and the cache lacks ${what} of revision ${revision}; fetch it once without HF_HUB_OFFLINE`;
  return new HubError(name, problem, { refused: true });
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(absentAsNull)) !== null;
}

/** The Hub tells the same of repositories that don't exist and of those that may not be seen. */
function refusal({ type, name }: Repository, revision: string, status: number): HubError {
  const refused = isRefusal(status);
  const why = refused
    ? `there is no such ${type} or revision, or HF_TOKEN may not read it (HTTP ${status})`
    : `HTTP ${status}`;
  return new HubError(name, `revision ${revision}: ${why}`, { refused });
}

function absentAsNull(error: NodeJS.ErrnoException): null {
  if (error.code !== 'ENOENT') throw error;
  return null;
}
