/** Files of a model on the Hub as a local folder. */
import { join } from 'node:path';
import { HubError } from './hub-error.js';
import type { HubSettings } from './hub-settings.js';
import {
  cachedRevision,
  cacheFolder,
  exists,
  fetchFile,
  listFiles,
  notCached,
  noteRevision,
  type Repository,
  resolveRevision,
} from './repository.js';

export interface ModelRequest {
  /** "sentence-transformers/all-MiniLM-L6-v2". */
  readonly repository: string;
  /** Branch, tag, or commit. */
  readonly revision: string;
  readonly required: readonly string[];
  /** Fetched where the repository has them. */
  readonly optional?: readonly string[];
  /** Of the required ones those that are fetched; absent: all. */
  readonly only?: readonly string[];
}

/** The snapshot's folder, which is named after its commit. Files whose blobs are in the cache are not fetched again, so of a commit
 *  that was fetched before nothing is asked of the network; offline, what the cache holds must do. Throws HubError. */
export async function downloadModel(request: ModelRequest, hub: HubSettings): Promise<string> {
  const { only, optional = [], required, revision } = request;
  const model: Repository = { type: 'model', name: request.repository };
  if (hub.offline) return cachedSnapshot(model, request, hub);
  const commit = await resolveRevision(model, revision, hub);
  const files = await listFiles(model, { revision, commit }, hub);
  const missing = required.find((path) => !files.has(path));
  if (missing !== undefined) throw new HubError(model.name, `it has no ${missing}`, { refused: true });
  for (const path of new Set([...(only ?? required), ...optional])) {
    const file = files.get(path);
    if (file !== undefined) await fetchFile(model, { commit, path, file }, hub);
  }
  await noteRevision(model, { revision, commit }, hub);
  return snapshotFolder(model, commit, hub);
}

async function cachedSnapshot(
  model: Repository,
  { revision, required }: ModelRequest,
  hub: HubSettings,
): Promise<string> {
  const commit = await cachedRevision(model, revision, hub);
  const snapshot = commit === null ? null : snapshotFolder(model, commit, hub);
  for (const path of required) {
    if (snapshot === null || !(await exists(join(snapshot, path)))) throw notCached(model, path, revision);
  }
  return snapshot!;
}

function snapshotFolder(model: Repository, commit: string, hub: HubSettings): string {
  return join(cacheFolder(model, hub), 'snapshots', commit);
}
