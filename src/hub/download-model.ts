/** Files of a model on the Hub as a local folder, in the cache layout of huggingface_hub in Python: refs name commits,
 *  snapshots hold links to blobs, and blobs are named after their digests. */
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { listFiles } from '@huggingface/hub';
import { z } from 'zod';
import { downloadBlob, type StoredFile } from './download-blob.js';
import { HubError } from './hub-error.js';
import type { HubSettings } from './hub-settings.js';

export interface ModelRequest {
  /** "sentence-transformers/all-MiniLM-L6-v2". */
  readonly repository: string;
  /** Branch, tag, or commit. */
  readonly revision: string;
  readonly required: readonly string[];
  /** Fetched where the repository has them. */
  readonly optional: readonly string[];
}

/** The snapshot's folder, which is named after its commit. Files whose blobs are in the cache are not fetched again;
 *  offline, what the cache holds must do. Throws HubError. */
export async function downloadModel(request: ModelRequest, hub: HubSettings): Promise<string> {
  const folder = join(hub.cacheFolder, `models--${request.repository.replaceAll('/', '--')}`);
  if (hub.offline) return cachedSnapshot(request, folder);
  const commit = await resolveRevision(request, hub);
  const files = await findFiles(request, commit, hub);
  const snapshot = join(folder, 'snapshots', commit);
  for (const [path, file] of files) {
    const stored = join(folder, 'blobs', file.digest);
    const url = `${hub.endpoint}/${request.repository}/resolve/${commit}/${path}`;
    if (!(await exists(stored))) await downloadBlob(request.repository, { url, token: hub.token }, file, stored);
    await link(join(snapshot, path), stored);
  }
  if (!COMMIT.test(request.revision)) await writeRef(join(folder, 'refs', request.revision), commit);
  return snapshot;
}

const COMMIT = /^[0-9a-f]{40}$/;

async function cachedSnapshot({ repository, revision, required }: ModelRequest, folder: string): Promise<string> {
  const commit = COMMIT.test(revision)
    ? revision
    : await readFile(join(folder, 'refs', revision), 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
  const snapshot = commit === null ? null : join(folder, 'snapshots', commit.trim());
  for (const path of required) {
    if (snapshot !== null && (await exists(join(snapshot, path)))) continue;
    throw new HubError(
      repository,
      `HF_HUB_OFFLINE is set, and the cache lacks ${path} of revision ${revision}; fetch it once without HF_HUB_OFFLINE`,
    );
  }
  return snapshot!;
}

async function resolveRevision({ repository, revision }: ModelRequest, hub: HubSettings): Promise<string> {
  if (COMMIT.test(revision)) return revision;
  const url = `${hub.endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}`;
  const headers: Record<string, string> = hub.token === null ? {} : { authorization: `Bearer ${hub.token}` };
  const response = await fetch(url, { headers }).catch((error: Error) => {
    throw new HubError(repository, `${hub.endpoint} does not answer`, { cause: error });
  });
  if (!response.ok) throw new HubError(repository, `revision ${revision}: ${explainStatus(response.status)}`);
  return z.object({ sha: z.string().regex(COMMIT) }).parse(await response.json()).sha;
}

/** The Hub tells the same of repositories that don't exist and of those that may not be seen. */
function explainStatus(status: number): string {
  return status === 401 || status === 403 || status === 404
    ? `there is no such model or revision, or HF_TOKEN may not read it (HTTP ${status})`
    : `HTTP ${status}`;
}

async function findFiles(request: ModelRequest, commit: string, hub: HubSettings): Promise<Map<string, StoredFile>> {
  const wanted = new Set([...request.required, ...request.optional]);
  const found = new Map<string, StoredFile>();
  const options = { recursive: true, hubUrl: hub.endpoint, ...(hub.token === null ? {} : { accessToken: hub.token }) };
  try {
    for await (const { path, oid, size, lfs } of listFiles({
      repo: request.repository,
      revision: commit,
      ...options,
    })) {
      if (!wanted.has(path) || oid === undefined) continue;
      found.set(path, lfs ? { kind: 'sha256', digest: lfs.oid, size: lfs.size } : { kind: 'git', digest: oid, size });
    }
  } catch (error) {
    throw new HubError(request.repository, `its files can't be listed (${(error as Error).message})`, { cause: error });
  }
  const missing = request.required.find((path) => !found.has(path));
  if (missing !== undefined) throw new HubError(request.repository, `it has no ${missing}`);
  return found;
}

async function link(path: string, target: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await symlink(relative(dirname(path), target), path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function writeRef(path: string, commit: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, commit);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
