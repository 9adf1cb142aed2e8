/** Files of a dataset on the Hub: which there are at one commit, and each in the cache. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { HubSettings } from './hub-settings.js';
import {
  cachedRevision,
  cacheFolder,
  fetchFile,
  inCache,
  listRepository,
  notCached,
  noteRevision,
  type Repository,
  resolveRevision,
} from './repository.js';

export interface DatasetFiles {
  /** What the revision means now. */
  readonly commit: string;
  /** Paths in the repository, sorted. */
  readonly paths: readonly string[];
  /** Path of the file in the cache, after it was fetched there. Throws HubError. */
  fetch(path: string): Promise<string>;
}

const Listing = z.record(
  z.string(),
  z.object({ kind: z.enum(['sha256', 'git']), digest: z.string(), size: z.number().int() }),
);
type Listing = z.infer<typeof Listing>;

/** The dataset's files. The list of a commit is kept in the cache, so that offline a pattern means the same files.
 *  repository: "OWNER/NAME". Throws HubError. */
export async function openDataset(
  { repository, revision }: { repository: string; revision: string },
  hub: HubSettings,
): Promise<DatasetFiles> {
  const dataset: Repository = { type: 'dataset', name: repository };
  const commit = await (hub.offline ? cachedRevision : resolveRevision)(dataset, revision, hub);
  if (commit === null) throw notCached(dataset, 'the files', revision);
  const listPath = join(cacheFolder(dataset, hub), 'listings', `${commit}.json`);
  const known = await readListing(listPath);
  if (known === null && hub.offline) throw notCached(dataset, 'the list of files', revision);
  const listing = known ?? Object.fromEntries(await listRepository(dataset, commit, hub));
  if (known === null) await inCache(dataset, hub, () => writeListing(listPath, listing));
  if (!hub.offline) await noteRevision(dataset, { revision, commit }, hub);
  return {
    commit,
    paths: Object.keys(listing).sort(),
    fetch: (path) => fetchFile(dataset, { commit, path, file: listing[path]! }, hub),
  };
}

async function readListing(path: string): Promise<Listing | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null ? null : Listing.parse(JSON.parse(text));
}

async function writeListing(path: string, listing: Listing): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}.partial`;
  await writeFile(partial, JSON.stringify(listing));
  await rename(partial, path);
}
