/** Stage annotate: one activity a chunk. */
import { Context, type Info } from '@temporalio/activity';
import { ChunkInput, type ChunkProgress, type ChunkResult } from '../contracts/index.js';
import { openRunStore } from '../store/index.js';
import { annotateChunk, chunkFolder } from '../teachers/index.js';
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
          const task = await readTask(store, prepared);
          const chunk = (await readManifest(store, prepared)).chunks[index];
          if (chunk === undefined) throw new RangeError(`the run has no chunk ${index}`);
          const teachers = await teachersOfRun(task, store, dependencies, prepared.teachers);
          const { info } = Context.current();
          return annotateChunk(
            {
              task,
              index,
              chunk,
              folder: chunkFolder(prepared.run.folder, chunk),
              controlPath: controlPath(prepared.run.folder),
              grant,
              owner: { activity: activityName(info), attempt: info.attempt },
            },
            {
              store,
              teachers,
              signal,
              onProgress: (now) => {
                progress = now;
              },
            },
          );
        },
      );
    },
  };
}

function activityName({ activityId, workflowExecution }: Info): string {
  return `${workflowExecution?.workflowId} ${workflowExecution?.runId} ${activityId}`;
}
