/** What the chunks of a run have spent, by their ledgers. */
import { type ChunkEntry, Currency, type Spending } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import { chunkFolder, chunkFolders } from './chunk-folder.js';
import { readLedger } from './reply-ledger.js';

/** Those of the chunks that have spent something, by their index. Of a run that has not begun to annotate, this is what its probes
 *  came to. Throws DamagedArtifactError. */
export async function spentByChunk(
  store: Store,
  runFolder: string,
  chunks: readonly ChunkEntry[],
): Promise<{ index: number; spending: Spending }[]> {
  const begun = new Set((await chunkFolders(store)).map(({ folder }) => folder));
  const spent = [];
  for (const [index, chunk] of chunks.entries()) {
    const folder = chunkFolder(runFolder, chunk);
    if (!begun.has(folder)) continue;
    const { spent: spending } = await readLedger(store, folder);
    if (Currency.options.some((currency) => spending[currency] !== 0)) spent.push({ index, spending });
  }
  return spent;
}
