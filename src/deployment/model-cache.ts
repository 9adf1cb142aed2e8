/** Students of the registry as local folders. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ArtifactRef, ModelVersion } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import { studentFolder } from './layout.js';
import { RegistryError } from './registry-error.js';

/** Where a machine keeps the students that it has fetched. */
export function modelCache(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tutelage', 'models');
}

/** A folder with the version's files, each checked against its digest; files that are there already are not fetched again.
 *  The folder is named after its content, so versions with the same files share one. Throws DamagedArtifactError. */
export async function fetchModel(store: Store, model: ModelVersion, cacheFolder: string): Promise<string> {
  const prefix = `${studentFolder(model.task, model.version)}/`;
  const stray = model.files.find(({ path }) => !path.startsWith(prefix));
  if (stray !== undefined)
    throw new RegistryError(`version ${model.version} names a file outside its folder: ${stray.path}`);
  const files = model.files.map((ref) => ({ ref, name: ref.path.slice(prefix.length) }));
  const content = files.map(({ ref, name }) => `${name}\0${ref.sha256}`).sort();
  const folder = join(cacheFolder, createHash('sha256').update(content.join('\n')).digest('hex'));
  for (const { ref, name } of files) {
    const path = join(folder, name);
    if (!(await holds(path, ref))) await store.download(ref, path);
  }
  return folder;
}

async function holds(path: string, { sha256 }: ArtifactRef): Promise<boolean> {
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(path)) hash.update(piece);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  return hash.digest('hex') === sha256;
}
