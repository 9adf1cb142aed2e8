/** Where the replies about a chunk are kept: outside its run, named after the keys it covers, so that later runs find
 *  what was paid for by listing one folder. */
import { createHash } from 'node:crypto';
import type { ChunkEntry } from '../contracts/index.js';
import type { Store } from '../store/index.js';

const FOLDER = 'replies';
const KEY_DIGITS = 16;
const LAST_DIGIT = 'f';

export function chunkFolder(runFolder: string, chunk: Pick<ChunkEntry, 'name' | 'firstKey' | 'lastKey'>): string {
  const first = chunk.firstKey.slice(0, KEY_DIGITS);
  const last = chunk.lastKey.slice(0, KEY_DIGITS);
  return `${FOLDER}/${first}-${last}-${runDigest(runFolder)}-${chunk.name}`;
}

/** Chunks of all other runs, with bounds that include every key they hold. */
export async function earlierChunks(
  store: Store,
  runFolder: string,
): Promise<Array<{ folder: string; firstKey: string; lastKey: string }>> {
  const own = runDigest(runFolder);
  const found = [];
  for (const name of await store.names(FOLDER)) {
    const [firstKey, last, run] = name.split('-');
    if (firstKey === undefined || last === undefined || run === own) continue;
    found.push({ folder: `${FOLDER}/${name}`, firstKey, lastKey: last.padEnd(64, LAST_DIGIT) });
  }
  return found;
}

/** Every chunk's folder, with the digest of the run that asks about it. */
export async function chunkFolders(store: Store): Promise<Array<{ folder: string; run: string }>> {
  return (await store.names(FOLDER)).map((name) => ({ folder: `${FOLDER}/${name}`, run: name.split('-')[2] ?? '' }));
}

/** What names a run in its chunks' folders. */
export function runDigest(runFolder: string): string {
  return createHash('sha256').update(runFolder).digest('hex').slice(0, 12);
}
