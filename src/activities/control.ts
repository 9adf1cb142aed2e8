/** Small activities of the orchestrator: pausing and stopping chunks, and finding out what was spent. */
import { Context } from '@temporalio/activity';
import {
  type AnnotationCounts,
  type ChunkEntry,
  ChunkInput,
  type ChunkResult,
  ControlInput,
  RunOutcome,
  SettleInput,
  type Spending,
  SpentBeforeInput,
  type Task,
} from '../contracts/index.js';
import { openRunStore, openStore, type Store } from '../store/index.js';
import { resolveTask } from '../tasks/index.js';
import { chunkFolder, settleChunkCounts, settleFailedChunk, spentByChunk } from '../teachers/index.js';
import { addCounts, emptyCounts } from '../voting/index.js';
import { ownerOf } from './annotate.js';
import { controlPath, outcomePath, readGiven, readManifest, readTask } from './artifacts.js';
import { type Dependencies, withHeartbeat } from './dependencies.js';

export function createControlActivities(dependencies: Dependencies) {
  return {
    /** Chunks of the run read this once a second. */
    async setControl(raw: ControlInput): Promise<void> {
      const { run, state } = ControlInput.parse(raw);
      await withHeartbeat(
        () => null,
        async () => {
          const store = await openRunStore(run.store);
          await store.write(controlPath(run.folder), JSON.stringify({ state, at: new Date().toISOString() }));
        },
      );
    },

    /** Decisions, figures and cause, for whoever asks after the server has forgotten the run. */
    async recordOutcome(raw: RunOutcome): Promise<void> {
      const outcome = RunOutcome.parse(raw);
      await withHeartbeat(
        () => null,
        async () => {
          const store = await openRunStore(outcome.run.store);
          await store.write(outcomePath(outcome.run.folder), `${JSON.stringify(outcome, null, 2)}\n`);
        },
      );
    },

    /** What chunks from the first one on have spent already: on the probe of a teacher, or before the run was reset. */
    async spentBefore(raw: SpentBeforeInput): Promise<{ chunk: number; spent: Spending }[]> {
      const { firstChunk, prepared } = SpentBeforeInput.parse(raw);
      return withHeartbeat(
        () => null,
        async () => {
          const store = await openRunStore(prepared.run.store);
          const { chunks } = await readManifest(store, prepared);
          const spent = await spentByChunk(store, prepared.run.folder, chunks.slice(firstChunk));
          return spent.map(({ index, spending }) => ({ chunk: firstChunk + index, spent: spending }));
        },
      );
    },

    /** What a chunk that failed for good had come to. The rest of its grant goes to others. */
    async settleChunk(raw: Pick<ChunkInput, 'prepared' | 'chunk'>): Promise<ChunkResult> {
      const { prepared, chunk: index } = ChunkInput.omit({ grant: true }).parse(raw);
      return withHeartbeat(
        () => index,
        async (signal) => {
          const store = await openRunStore(prepared.run.store);
          const task = await readTask(store, prepared);
          const chunk = (await readManifest(store, prepared)).chunks[index] as ChunkEntry;
          const folder = chunkFolder(prepared.run.folder, chunk);
          const counts = await settleFailedChunk(
            { task, chunk, folder, owner: ownerOf(Context.current()) },
            { store, signal },
          );
          return { chunk: index, set: chunk.set, counts, complete: false };
        },
      );
    },

    /** What a run that failed or was cancelled had come to. */
    async settleRun(raw: SettleInput): Promise<{ corpus: AnnotationCounts; gold: AnnotationCounts }> {
      const { prepared } = SettleInput.parse(raw);
      const store = await openRunStore(prepared.run.store);
      const totals = { corpus: emptyCounts(), gold: emptyCounts() };
      return withHeartbeat(
        () => totals.corpus.texts,
        async () => {
          const task = await readTask(store, prepared);
          for (const chunk of (await readManifest(store, prepared)).chunks) {
            const counts = await countsOf(store, task, prepared.run.folder, chunk);
            totals[chunk.set] = addCounts(totals[chunk.set], counts);
          }
          return totals;
        },
      );
    },

    /** The name of the task that an input means. store: as the input names it. */
    async nameTask(raw: {
      task: string | Record<string, unknown>;
      set: Record<string, unknown>;
      store?: string | null;
    }): Promise<{ taskName: string }> {
      const store = raw.store ? await openStore(raw.store) : dependencies.store;
      const { task } = await resolveTask({
        task: raw.task,
        set: raw.set,
        cwd: process.cwd(),
        readStored: async (path) => Buffer.from(await readGiven(store, path, 'task')).toString('utf8'),
      });
      return { taskName: task.name };
    },
  };
}

function countsOf(store: Store, task: Task, runFolder: string, chunk: ChunkEntry): Promise<AnnotationCounts> {
  return settleChunkCounts(store, task, chunk, chunkFolder(runFolder, chunk));
}
