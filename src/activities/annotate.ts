/** Stage annotate: one activity a chunk. */
import { Context } from '@temporalio/activity';
import { ChunkInput, type ChunkProgress, type ChunkResult, type Grant, type PreparedRun } from '../contracts/index.js';
import { openRunStore, type Store } from '../store/index.js';
import { type AskedTeacher, annotateChunk, type ByName, type ChunkJob, chunkFolder } from '../teachers/index.js';
import { controlPath, readManifest, readTask } from './artifacts.js';
import { type Dependencies, withHeartbeat } from './dependencies.js';
import { teachersOfRun } from './teacher-of-run.js';

export function createAnnotateActivities(dependencies: Dependencies) {
  return {
    async annotateChunk(raw: ChunkInput): Promise<ChunkResult> {
      const { prepared, chunk: index, grant } = ChunkInput.parse(raw);
      const store = await openRunStore(prepared.run.store);
      let progress: ChunkProgress = { texts: 0, calls: 0 };
      return withHeartbeat(
        () => ({ ...progress }),
        async (signal) => {
          const { job, teachers } = await chunkJob({ prepared, index, grant }, store, dependencies);
          return annotateChunk(job, {
            store,
            teachers,
            signal,
            onProgress: (now) => {
              progress = now;
            },
          });
        },
      );
    },
  };
}

/** A chunk of the run, for the activity that runs now. */
export async function chunkJob(
  { prepared, index, grant }: { prepared: PreparedRun; index: number; grant: Grant },
  store: Store,
  dependencies: Dependencies,
): Promise<{ job: ChunkJob; teachers: ByName<AskedTeacher> }> {
  const task = await readTask(store, prepared);
  const chunk = (await readManifest(store, prepared)).chunks[index];
  if (chunk === undefined) throw new RangeError(`the run has no chunk ${index}`);
  const teachers = await teachersOfRun(task, store, dependencies, prepared.teachers);
  const job = {
    task,
    index,
    chunk,
    folder: chunkFolder(prepared.run.folder, chunk),
    controlPath: controlPath(prepared.run.folder),
    grant,
    owner: ownerOf(Context.current()),
  };
  return { job, teachers };
}

/** As whom the activity that runs now claims a chunk. */
export function ownerOf({ info }: Context): ChunkJob['owner'] {
  const { activityId, attempt, workflowExecution } = info;
  return { activity: `${workflowExecution?.workflowId} ${workflowExecution?.runId} ${activityId}`, attempt };
}
