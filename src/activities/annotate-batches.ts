/** Stage annotate where a teacher answers in batches: short steps, between which the workflow waits. */
import {
  BatchesInput,
  type BatchesSeen,
  type BatchProgress,
  type BatchStep,
  ChunkInput,
  type PreparedRun,
} from '../contracts/index.js';
import { openRunStore } from '../store/index.js';
import { askedBy, closeChunk, lookAtBatches, stepChunk } from '../teachers/index.js';
import { NO_LIMIT } from '../voting/index.js';
import { chunkJob } from './annotate.js';
import { type Dependencies, withHeartbeat } from './dependencies.js';

export function createBatchActivities(dependencies: Dependencies) {
  return {
    /** Reads what has ended of the chunk's batches, and sends what is missing. */
    async stepChunk(raw: ChunkInput): Promise<BatchStep> {
      const { prepared, chunk: index, grant } = ChunkInput.parse(raw);
      return overChunks(prepared, async (store, signal) => {
        const { job, teachers } = await chunkJob({ prepared, index, grant }, store, dependencies);
        const step = await stepChunk(job, { store, teachers, signal });
        return { result: step.result, waitMs: step.result === null ? step.waitMs : null };
      });
    },

    /** Asks the provider how far the batches of chunks are. */
    async lookAtBatches(raw: BatchesInput): Promise<BatchesSeen> {
      const { prepared, chunks } = BatchesInput.parse(raw);
      return overChunks(prepared, async (store, signal) => {
        const ended: number[] = [];
        let progress: BatchProgress | null = null;
        await someAtOnce(chunks, async (index) => {
          const { job, teachers } = await chunkJob({ prepared, index, grant: NO_LIMIT }, store, dependencies);
          const seen = await lookAtBatches(store, job.folder, (name) => {
            const { settings, teacher } = askedBy({ teacher: name }, teachers);
            if (!teacher.batches) throw new TypeError(`the teacher ${name} takes no batches, and there is one of it`);
            return { api: teacher.batches.api, patience: { signal, deadAfterMs: settings.deadAfterSeconds * 1000 } };
          });
          if (seen.ended) ended.push(index);
          else progress = addProgress(progress, seen);
        });
        return { ended, progress };
      });
    },

    /** Cancels the open batches of chunks and keeps what they answered. Returns the chunks whose batches have not ended. */
    async closeBatches(raw: BatchesInput): Promise<number[]> {
      const { prepared, chunks } = BatchesInput.parse(raw);
      return overChunks(prepared, async (store, signal) => {
        const open: number[] = [];
        await someAtOnce(chunks, async (index) => {
          const { job, teachers } = await chunkJob({ prepared, index, grant: NO_LIMIT }, store, dependencies);
          if ((await closeChunk(job, { store, teachers, signal })) > 0) open.push(index);
        });
        return open.sort((a, b) => a - b);
      });
    },
  };
}

type Work<Result> = (store: Awaited<ReturnType<typeof openRunStore>>, signal: AbortSignal) => Promise<Result>;

function overChunks<Result>(prepared: PreparedRun, work: Work<Result>): Promise<Result> {
  return withHeartbeat(
    () => null,
    async (signal) => work(await openRunStore(prepared.run.store), signal),
  );
}

/** Chunks that are looked after at the same time. */
const AT_ONCE = 8;

/** Rejects with the first failure, when all have ended. */
async function someAtOnce(chunks: readonly number[], work: (chunk: number) => Promise<void>): Promise<void> {
  const queue = chunks.values();
  const worker = async () => {
    for (const chunk of queue) await work(chunk);
  };
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

type OpenBatches = Awaited<ReturnType<typeof lookAtBatches>>;

function addProgress(sum: BatchProgress | null, seen: OpenBatches): BatchProgress {
  const since = new Date(seen.since).toISOString();
  const due = seen.due === null ? null : new Date(seen.due).toISOString();
  return {
    batches: (sum?.batches ?? 0) + seen.batches,
    requests: (sum?.requests ?? 0) + seen.requests,
    answered: (sum?.answered ?? 0) + seen.answered,
    since: sum === null || since < sum.since ? since : sum.since,
    due: sum?.due && (due === null || sum.due > due) ? sum.due : due,
  };
}
