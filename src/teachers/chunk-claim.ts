/** Who may spend on a chunk. Claims are files numbered upwards, each made once: the highest number owns the chunk.
 *  An owner that was thought dead (a long pause, a cut network) finds a higher claim and stops. */
import { randomUUID } from 'node:crypto';
import type { Store } from '../store/index.js';

export interface ChunkClaim {
  /** From 1, without gaps. Names this owner's journal. */
  readonly number: number;
  /** false once another owner has claimed the chunk. */
  isMine(): Promise<boolean>;
}

/** `owner`: for people who read the claim. */
export async function claimChunk(store: Store, folder: string, owner: string): Promise<ChunkClaim> {
  const names = await store.names(folder);
  let number = 1 + Math.max(0, ...names.map(claimNumber));
  const record = JSON.stringify({ owner, token: randomUUID(), at: new Date().toISOString() });
  while (!(await store.writeOnce(claimPath(folder, number), record))) number++;
  return { number, isMine: async () => !(await store.exists(claimPath(folder, number + 1))) };
}

function claimPath(folder: string, number: number): string {
  return `${folder}/claim-${String(number).padStart(6, '0')}`;
}

function claimNumber(name: string): number {
  return name.startsWith('claim-') ? Number(name.slice('claim-'.length)) : 0;
}
