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
import type { Store } from '../store/index.js';
import { chunkCounts } from './chunk-counts.js';
import { readLedger } from './reply-journal.js';
import { plannedQuestions } from './vote-plan.js';

/** What a chunk left when it was done (sealed.json), or when its grant was used up (partial-N.json). */
const ChunkSeal = z.object({ result: ChunkResult, replies: ArtifactRef });

type ChunkSeal = z.infer<typeof ChunkSeal>;

export function sealPath(folder: string): string {
  return `${folder}/sealed.json`;
}

export async function readSeal(store: Store, path: string): Promise<ChunkSeal | null> {
  if (!(await store.exists(path))) return null;
  return ChunkSeal.parse(JSON.parse(Buffer.from(await store.read(path)).toString('utf8')));
}

/** All replies of a chunk, sealed or not, of this run or an earlier one, by reply key. */
export async function chunkReplies(store: Store, folder: string): Promise<Map<string, StoredReply>> {
  const names = await store.names(folder);
  const sealName = names.includes('sealed.json')
    ? 'sealed.json'
    : names.filter((name) => name.startsWith('partial-')).at(-1);
  const replies = new Map<string, StoredReply>();
  const seal = sealName === undefined ? null : await readSeal(store, `${folder}/${sealName}`);
  if (seal !== null) {
    const text = Buffer.from(await store.readRef(seal.replies)).toString('utf8');
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const reply = StoredReply.parse(JSON.parse(line));
      replies.set(reply.key, reply);
    }
  }
  if (sealName === 'sealed.json') return replies;
  return new Map([...replies, ...(await readLedger(store, folder)).replies]);
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
  const plan = plannedQuestions(task);
  const byQuestion = new Map(
    [...ledger.replies.values()].map((reply) => [`${reply.textKey} ${reply.prompt} ${reply.sample}`, reply]),
  );
  const byText: StoredReply[][] = [];
  for await (const line of store.lines(chunk.file.path)) {
    const row = TextRow.parse(JSON.parse(line));
    byText.push(plan.flatMap((each) => byQuestion.get(`${row.key} ${each.prompt} ${each.sample}`) ?? []));
  }
  return chunkCounts({ task, ledger, byText, plannedVotes: plan.length });
}
