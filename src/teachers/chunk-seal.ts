/** What is left of a chunk in the store: its seal, its replies, and what it came to. */
import { z } from 'zod';
import {
  type AnnotationCounts,
  ArtifactRef,
  type ChunkEntry,
  ChunkResult,
  StoredReply,
  type Task,
  TextRow,
} from '../contracts/index.js';
import { MissingArtifactError, type Store } from '../store/index.js';
import { chunkCounts } from './chunk-counts.js';
import { readLedger } from './reply-ledger.js';
import { questionName, type TakenReplies, VotePlan } from './vote-plan.js';

/** What a chunk left when it was done (sealed.json), or when its grant was used up (partial-N.json). */
const ChunkSeal = z.object({ result: ChunkResult, replies: ArtifactRef });

type ChunkSeal = z.infer<typeof ChunkSeal>;

const PARTIAL = 'partial-';

export function sealPath(folder: string): string {
  return `${folder}/sealed.json`;
}

/** Paths of all that name a chunk's files of replies. */
export async function sealsOf(store: Store, folder: string): Promise<string[]> {
  const partial = (await store.names(folder)).filter((name) => name.startsWith(PARTIAL));
  return [sealPath(folder), ...partial.map((name) => `${folder}/${name}`)];
}

export async function readSeal(store: Store, path: string): Promise<ChunkSeal | null> {
  try {
    return ChunkSeal.parse(JSON.parse(Buffer.from(await store.read(path)).toString('utf8')));
  } catch (error) {
    if (error instanceof MissingArtifactError) return null;
    throw error;
  }
}

/** Seals a chunk that is complete; of two seals the first counts, and its result is returned. */
export async function writeSeal(store: Store, folder: string, claim: number, seal: ChunkSeal): Promise<ChunkResult> {
  const json = JSON.stringify(seal);
  if (!seal.result.complete) {
    await store.write(`${folder}/${PARTIAL}${String(claim).padStart(6, '0')}.json`, json);
    return seal.result;
  }
  if (await store.writeOnce(sealPath(folder), json)) return seal.result;
  return (await readSeal(store, sealPath(folder)))?.result ?? seal.result;
}

/** All replies of a chunk, sealed or not, of this run or an earlier one, by reply key. */
export async function chunkReplies(store: Store, folder: string): Promise<Map<string, StoredReply>> {
  const sealed = await readSeal(store, sealPath(folder));
  if (sealed !== null) return sealedReplies(store, sealed);
  const partialName = (await store.names(folder)).filter((name) => name.startsWith(PARTIAL)).at(-1);
  const partial = partialName === undefined ? null : await readSeal(store, `${folder}/${partialName}`);
  const reused = partial === null ? new Map<string, StoredReply>() : await sealedReplies(store, partial);
  return new Map([...reused, ...(await readLedger(store, folder)).replies]);
}

async function sealedReplies(store: Store, seal: ChunkSeal): Promise<Map<string, StoredReply>> {
  const replies = new Map<string, StoredReply>();
  for (const line of Buffer.from(await store.readRef(seal.replies))
    .toString('utf8')
    .split('\n')) {
    if (line === '') continue;
    const reply = StoredReply.parse(JSON.parse(line));
    replies.set(reply.key, reply);
  }
  return replies;
}

/** What a chunk that may not have finished has come to, from its seal or its journals. */
export async function settleChunkCounts(
  store: Store,
  task: Task,
  chunk: ChunkEntry,
  folder: string,
): Promise<AnnotationCounts> {
  const sealed = await readSeal(store, sealPath(folder));
  if (sealed !== null) return sealed.result.counts;
  const ledger = await readLedger(store, folder);
  const plan = new VotePlan(task);
  const replies = [...(await chunkReplies(store, folder)).values()];
  const byQuestion = new Map(replies.map((reply) => [`${reply.textKey} ${questionName(reply)}`, reply]));
  const byText: TakenReplies<StoredReply>[] = [];
  for await (const line of store.lines(chunk.file.path)) {
    const row = TextRow.parse(JSON.parse(line));
    byText.push(plan.take((question) => byQuestion.get(`${row.key} ${questionName(question)}`)));
  }
  return chunkCounts({ task, plan, ledger, byText });
}
