/** Stage deploy: the student becomes a version, and the pointer moves to it in one step. */
import { readFileSync } from 'node:fs';
import { DeployInput, DeployOutcome, type Manifest } from '../contracts/index.js';
import { deployVersion, registerVersion, versionFolder } from '../deployment/index.js';
import { openRunStore } from '../store/index.js';
import { readManifest, readTask } from './artifacts.js';
import { withHeartbeat } from './dependencies.js';
import { sealedResult } from './sealed-result.js';

export function createDeployActivities() {
  return {
    async deploy(raw: DeployInput): Promise<DeployOutcome> {
      const input = DeployInput.parse(raw);
      const { prepared, student, evaluation, labels, approvedBy } = input;
      const store = await openRunStore(prepared.run.store);
      return withHeartbeat(
        () => null,
        () =>
          sealedResult(
            store,
            { runFolder: prepared.run.folder, stage: 'deploy', input, schema: DeployOutcome },
            async () => {
              const task = await readTask(store, prepared);
              const { version } = await registerVersion(store, {
                task: task.name,
                kind: student.kind,
                labels: prepared.labels,
                textTemplate: task.text,
                files: student.files,
                evaluation,
                provenance: {
                  workflowId: prepared.run.workflowId,
                  task: task.name,
                  taskHash: prepared.taskHash,
                  teacher: {
                    provider: task.teacher.provider,
                    model: prepared.teacherModel,
                    host: prepared.teacherHost,
                  },
                  corpusHash: prepared.corpusHash,
                  datasets: datasetsOf(await readManifest(store, prepared)),
                  labels,
                  seed: task.seed,
                  software: softwareVersions(),
                  approvedBy,
                },
              });
              await deployVersion(store, task.name, version, approvedBy);
              return { version, folder: versionFolder(task.name, version) };
            },
          ),
      );
    },
  };
}

/** hf://datasets/OWNER/NAME@COMMIT of each. */
function datasetsOf({ files }: Manifest): string[] {
  const datasets = files.flatMap(({ address }) => /^hf:\/\/datasets\/[^@]+@[^/]+/.exec(address)?.[0] ?? []);
  return [...new Set(datasets)];
}

function softwareVersions(): Record<string, string> {
  const own = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return { tutelage: own.version, node: process.version, 'onnxruntime-node': own.dependencies['onnxruntime-node'] };
}
