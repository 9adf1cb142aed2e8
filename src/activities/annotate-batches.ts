/** Stage annotate where the teacher answers in batches: short steps, between which the workflow waits. */
import {
  BatchesInput,
  type BatchesSeen,
  type BatchProgress,
  type BatchStep,
  ChunkInput,
  OWN_TEACHER,
  type PreparedRun,
} from '../contracts/index.js';
import { openRunStore } from '../store/index.js';
import { type BatchTeacher, closeChunk, lookAtBatches, stepChunk, type Teacher } from '../teachers/index.js';
import { NO_LIMIT } from '../voting/index.js';
import { chunkJob } from './annotate.js';
import { type Dependencies, withHeartbeat } from './dependencies.js';

export function createBatchActivities(dependencies: Dependencies) {
  return {
    /** Reads what has ended of the chunk's batches, and sends what is missing. */
    async stepChunk(raw: ChunkInput): Promise<BatchStep> {
      const { prepared, chunk: index, grant } = ChunkInput.parse(raw);
      return overChunks(prepared, async (store, signal) => {
        const { job, asked, teacher } = await batchedChunk({ prepared, index, grant }, store, dependencies);
        const step = await stepChunk(job, { store, teacher, asked, signal });
        return { result: step.result, waitMs: step.result === null ? step.waitMs : null };
      });
    },

    /** Asks the provider how far the batches of chunks are. */
    async lookAtBatches(raw: BatchesInput): Promise<BatchesSeen> {
      const { prepared, chunks } = BatchesInput.parse(raw);
      return overChunks(prepared, async (store, signal) => {
        const ended: number[] = [];
        let progress: BatchProgress | null = null;
        for (const index of chunks) {
          const { job, teacher } = await batchedChunk({ prepared, index, grant: NO_LIMIT }, store, dependencies);
          const patience = { signal, deadAfterMs: job.task.teacher.deadAfterSeconds * 1000 };
          const seen = await lookAtBatches(store, job.folder, teacher.batches.api, patience);
          if (seen.ended) ended.push(index);
          else progress = addProgress(progress, seen);
        }
        return { ended, progress };
      });
    },

    /** Cancels the open batches of chunks and keeps what they answered. Returns the chunks whose batches have not ended. */
    async closeBatches(raw: BatchesInput): Promise<number[]> {
      const { prepared, chunks } = BatchesInput.parse(raw);
      return overChunks(prepared, async (store, signal) => {
        const open: number[] = [];
        for (const index of chunks) {
          const { job, asked, teacher } = await batchedChunk({ prepared, index, grant: NO_LIMIT }, store, dependencies);
          if ((await closeChunk(job, { store, teacher, asked, signal })) > 0) open.push(index);
        }
        return open;
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

type WithBatches = Teacher & { readonly batches: BatchTeacher };

/** A chunk of a task whose own teacher is asked alone, in batches. */
async function batchedChunk(...[chunk, store, dependencies]: Parameters<typeof chunkJob>) {
  const { job, teachers } = await chunkJob(chunk, store, dependencies);
  const asked = teachers.get(OWN_TEACHER);
  if (asked === undefined || !isInBatches(asked.teacher)) throw new TypeError('the teacher is not asked in batches');
  return { job, asked, teacher: asked.teacher };
}

function isInBatches(teacher: Teacher): teacher is WithBatches {
  return Boolean(teacher.batches);
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
