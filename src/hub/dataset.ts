/** Files of a dataset on the Hub: which there are at one commit, and each in the cache. */
import type { HubSettings } from './hub-settings.js';
import {
  cachedRevision,
  fetchFile,
  listFiles,
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

/** The dataset's files. repository: "OWNER/NAME". Throws HubError. */
export async function openDataset(
  { repository, revision }: { repository: string; revision: string },
  hub: HubSettings,
): Promise<DatasetFiles> {
  const dataset: Repository = { type: 'dataset', name: repository };
  const commit = await (hub.offline ? cachedRevision : resolveRevision)(dataset, revision, hub);
  if (commit === null) throw notCached(dataset, 'the files', revision);
  const listing = await listFiles(dataset, { revision, commit }, hub);
  if (!hub.offline) await noteRevision(dataset, { revision, commit }, hub);
  return {
    commit,
    paths: [...listing.keys()].sort(),
    fetch: (path) => fetchFile(dataset, { commit, path, file: listing.get(path)! }, hub),
  };
}
