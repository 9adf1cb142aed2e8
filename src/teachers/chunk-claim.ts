/** Who may spend on a chunk. Claims are files numbered upwards, each made once: the highest number owns the chunk.
 *  An owner that was thought dead (a long pause, a cut network) finds a higher claim and stops. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Store } from '../store/index.js';
import { ClaimLostError } from './chunk-watch.js';

/** One attempt to work on a chunk. */
export interface ClaimOwner {
  /** The activity, among all that may ever claim the chunk. */
  readonly activity: string;
  /** Counts upwards; one begins when the one before was given up. */
  readonly attempt: number;
}

export interface ChunkClaim {
  /** From 1, without gaps. Names this owner's journal. */
  readonly number: number;
  /** false once another owner has claimed the chunk. */
  isMine(): Promise<boolean>;
}

const ClaimRecord = z.object({ activity: z.string(), attempt: z.number().int() });

/** Throws ClaimLostError when a later attempt of the same activity was here before: a worker that was suspended finds tasks
 *  in its network buffers that it was handed meanwhile and that were given up long ago. */
export async function claimChunk(store: Store, folder: string, owner: ClaimOwner): Promise<ChunkClaim> {
  const names = await store.names(folder);
  const record = JSON.stringify({ ...owner, token: randomUUID(), at: new Date().toISOString() });
  for (let last = Math.max(0, ...names.map(claimNumber)); ; last++) {
    if (last > 0) await refuseLatecomer(store, claimPath(folder, last), owner);
    const number = last + 1;
    if (!(await store.writeOnce(claimPath(folder, number), record))) continue;
    return { number, isMine: async () => !(await store.exists(claimPath(folder, number + 1))) };
  }
}

async function refuseLatecomer(store: Store, path: string, { activity, attempt }: ClaimOwner): Promise<void> {
  const last = ClaimRecord.parse(JSON.parse(Buffer.from(await store.read(path)).toString('utf8')));
  if (last.activity !== activity || last.attempt <= attempt) return;
  throw new ClaimLostError(`attempt ${last.attempt} owns this chunk; attempt ${attempt} was given up before`);
}

function claimPath(folder: string, number: number): string {
  return `${folder}/claim-${String(number).padStart(6, '0')}`;
}

function claimNumber(name: string): number {
  return name.startsWith('claim-') ? Number(name.slice('claim-'.length)) : 0;
}
