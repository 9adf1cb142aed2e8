/** Annotates one chunk: claims it, learns from its journals what was paid for already, asks the rest, and seals the replies. */
import { setTimeout as delay } from 'node:timers/promises';
import type {
  AnnotationCounts,
  ChunkEntry,
  ChunkProgress,
  ChunkResult,
  Grant,
  Pace,
  StoredReply,
  Task,
} from '../contracts/index.js';
import type { Store } from '../store/index.js';
import { type AskedTeacher, askedBy, type ByName } from './asked-teacher.js';
import { type ChunkClaim, type ClaimOwner, claimChunk } from './chunk-claim.js';
import { chunkCounts } from './chunk-counts.js';
import { chunkRows, questionOf, reusableReplies } from './chunk-questions.js';
import { ChunkRun } from './chunk-run.js';
import { readSeal, sealPath, settleChunkCounts, writeSeal } from './chunk-seal.js';
import { ChunkWatch, LOOK_HOLDS_MS } from './chunk-watch.js';
import { ReplyJournal } from './reply-journal.js';
import { type Ledger, readLedger } from './reply-ledger.js';
import { type TakenReplies, VotePlan } from './vote-plan.js';

export { TeacherUnreadableError } from './readable-share.js';

/** For clocks that don't run alike. */
const CLOCK_MARGIN_MS = 200;

export interface ChunkJob {
  readonly task: Task;
  readonly index: number;
  readonly chunk: ChunkEntry;
  /** The chunk's folder in the store: claims, journals and sealed replies. */
  readonly folder: string;
  readonly controlPath: string;
  readonly grant: Grant;
  readonly owner: ClaimOwner;
}

export interface ChunkPorts {
  readonly store: Store;
  /** All that the plan asks. */
  readonly teachers: ByName<AskedTeacher>;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ChunkProgress) => void;
}

/** What the owner of a chunk holds while it works. */
interface Ownership {
  readonly claim: ChunkClaim;
  readonly watch: ChunkWatch;
  readonly journal: ReplyJournal;
}

/** Throws a TeacherRefusedError, TeacherUnreachableError, TeacherUnreadableError, or why it had to stop (chunk-watch.ts). */
export async function annotateChunk(job: ChunkJob, ports: ChunkPorts): Promise<ChunkResult> {
  const { store } = ports;
  const sealed = await readSeal(store, sealPath(job.folder));
  if (sealed !== null) return sealed.result;

  const claim = await claimChunk(store, job.folder, job.owner);
  const journal = await ReplyJournal.open(store, job.folder, claim.number);
  const watch = new ChunkWatch(store, job.controlPath, claim, ports.signal);
  try {
    return await annotateOwned(job, ports, { claim, watch, journal });
  } finally {
    watch.close();
    await journal.close();
  }
}

async function annotateOwned(job: ChunkJob, ports: ChunkPorts, ownership: Ownership): Promise<ChunkResult> {
  const { store, teachers } = ports;
  const { claim, journal, watch } = ownership;
  const ledger = await ledgerOfFormerOwners(store, job.folder, claim, (ms) => watch.sleep(ms));
  const sealed = await readSeal(store, sealPath(job.folder));
  if (sealed !== null) return sealed.result;

  const { task } = job;
  const rows = await chunkRows(store, job.chunk);
  const plan = new VotePlan(task);
  const keys = rows.map((row) =>
    plan.questions.map((planned) => questionOf(task, askedBy(planned, teachers), row, planned).key),
  );
  const reusable = await reusableReplies(store, job.chunk, rows, task.labels);
  const known = new Map([...reusable, ...ledger.replies]);
  const complete = await new ChunkRun({ job, ports, journal, watch, ledger, plan, known }).annotate(rows, keys);

  // Read again: a former owner may have closed calls that it had open when it lost the claim.
  const final = await readLedger(store, job.folder);
  const repliesOf = (key: string) => final.replies.get(key) ?? reusable.get(key);
  const byText = keys.map((ofText) => plan.take((_, index) => repliesOf(ofText[index] ?? '')));
  return sealChunk(job, store, ownership, { plan, ledger: final, byText, complete, pace: paceOf(teachers) });
}

/** What a chunk that failed for good has come to. It is claimed for that: an owner that only seemed dead sends nothing more. */
export async function settleFailedChunk(
  { chunk, folder, owner, task }: Pick<ChunkJob, 'chunk' | 'folder' | 'owner' | 'task'>,
  { signal, store }: Pick<ChunkPorts, 'signal' | 'store'>,
): Promise<AnnotationCounts> {
  const claim = await claimChunk(store, folder, owner);
  const sleep = (ms: number) => delay(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
  await ledgerOfFormerOwners(store, folder, claim, sleep);
  return settleChunkCounts(store, task, chunk, folder);
}

/** Of the first that tells. */
export function paceOf(teachers: ByName<AskedTeacher>): Pace | null {
  return [...teachers.values()].map(({ limiter }) => limiter.pace).find((pace) => pace !== null) ?? null;
}

/** An owner that did not end may send as long as its last look at the claim holds. After that its journal tells all. */
export async function ledgerOfFormerOwners(
  store: Store,
  folder: string,
  claim: ChunkClaim,
  sleep: (ms: number) => Promise<void>,
): Promise<Ledger> {
  const ledger = await readLedger(store, folder);
  if (ledger.endedOwners >= claim.number - 1) return ledger;
  await sleep(LOOK_HOLDS_MS + CLOCK_MARGIN_MS);
  return readLedger(store, folder);
}

export interface ChunkOutcome {
  readonly plan: VotePlan;
  readonly byText: readonly TakenReplies<StoredReply>[];
  readonly complete: boolean;
  readonly ledger: Ledger;
  readonly pace: Pace | null;
}

export async function sealChunk(
  { chunk, folder, index, task }: ChunkJob,
  store: Store,
  { claim, watch }: Pick<Ownership, 'claim' | 'watch'>,
  { byText, complete, ledger, pace, plan }: ChunkOutcome,
): Promise<ChunkResult> {
  const counts = chunkCounts({ task, plan, ledger, byText });
  const result: ChunkResult = { chunk: index, set: chunk.set, counts, complete, pace };
  const number = String(claim.number).padStart(6, '0');
  const lines = byText.flatMap(({ replies }) => replies.map((reply) => `${JSON.stringify(reply)}\n`));
  const replies = await store.write(`${folder}/replies-${number}.jsonl`, lines.join(''));
  await watch.mayAsk();
  return writeSeal(store, folder, claim.number, { result, replies });
}
