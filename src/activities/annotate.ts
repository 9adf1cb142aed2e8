/** Stage annotate: one activity a chunk. */
import { Context, type Info } from '@temporalio/activity';
import { ChunkInput, type ChunkProgress, type ChunkResult, type Grant, type PreparedRun } from '../contracts/index.js';
import { openRunStore, type Store } from '../store/index.js';
import { annotateChunk, type ChunkJob, chunkFolder, limiterFor, type Teacher } from '../teachers/index.js';
import { controlPath, readManifest, readTask } from './artifacts.js';
import { type Dependencies, withHeartbeat } from './dependencies.js';
import { teacherOf } from './teacher-of-run.js';

export function createAnnotateActivities(dependencies: Dependencies) {
  return {
    async annotateChunk(raw: ChunkInput): Promise<ChunkResult> {
      const { prepared, chunk: index, grant } = ChunkInput.parse(raw);
      const store = await openRunStore(prepared.run.store);
      let progress: ChunkProgress = { texts: 0, calls: 0 };
      return withHeartbeat(
        () => ({ ...progress }),
        async (signal) => {
          const { job, teacher } = await chunkJob({ prepared, index, grant }, store, dependencies);
          const { host, model } = teacher;
          return annotateChunk(job, {
            store,
            teacher,
            limiter: limiterFor(`${host} ${model}`, job.task.teacher, dependencies.teacherWorkers),
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
): Promise<{ job: ChunkJob; teacher: Teacher }> {
  const task = await readTask(store, prepared);
  const chunk = (await readManifest(store, prepared)).chunks[index];
  if (chunk === undefined) throw new RangeError(`the run has no chunk ${index}`);
  const { teacher, price } = await teacherOf(task, store, dependencies, prepared.teacherModel);
  const { info } = Context.current();
  const job = {
    task,
    index,
    chunk,
    folder: chunkFolder(prepared.run.folder, chunk),
    controlPath: controlPath(prepared.run.folder),
    grant,
    price,
    jsonSchema: prepared.probe.jsonSchema,
    owner: { activity: activityName(info), attempt: info.attempt },
  };
  return { job, teacher };
}

function activityName({ activityId, workflowExecution }: Info): string {
  return `${workflowExecution?.workflowId} ${workflowExecution?.runId} ${activityId}`;
}
