/** Stage deploy: the student becomes a version, and the pointer moves to it in one step. */
import { readFileSync } from 'node:fs';
import {
  type ArtifactRef,
  DeployInput,
  DeployOutcome,
  type Manifest,
  type Provenance,
  type Task,
} from '../contracts/index.js';
import { deployVersion, gridOf, modelCard, registerVersion, versionFolder } from '../deployment/index.js';
import { certificateInWords, weighingInWords } from '../evaluation/index.js';
import { ReviewFolder } from '../review/index.js';
import { openRunStore, type Store } from '../store/index.js';
import { candidatesOf } from '../students/index.js';
import { plannedQuestions, teacherSettings, termsOf } from '../teachers/index.js';
import { readLabels, readManifest, readTask, taskPath } from './artifacts.js';
import { type Dependencies, withHeartbeat } from './dependencies.js';
import { isTrainedOn } from './distill.js';
import { sealedResult } from './sealed-result.js';

export function createDeployActivities({ env }: Dependencies) {
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
                card: await writeCard(store, input, task, env),
                evaluation,
                provenance: {
                  workflowId: prepared.run.workflowId,
                  task: task.name,
                  taskHash: prepared.taskHash,
                  teachers: prepared.teachers.map(({ name, model, host }) => ({
                    name,
                    provider: teacherSettings(task, name).provider,
                    model,
                    host,
                  })),
                  guidelines: await guidelinesOf(store, input),
                  corpusHash: prepared.corpusHash,
                  datasets: datasetsOf(await readManifest(store, prepared)),
                  labels,
                  seed: task.seed,
                  software: softwareVersions(),
                  approvedBy,
                },
              });
              const { maxLossToChampion } = task.gates.deployment;
              // A bar on the loss to the deployed version says nothing of one that came after the comparison.
              const isCompared = maxLossToChampion !== null && evaluation.basis === 'gold';
              const comparedWith = isCompared ? (evaluation.champion?.version ?? null) : undefined;
              await deployVersion(store, task.name, version, approvedBy, undefined, comparedWith);
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

/** Under which guidelines the texts that were trained on got their labels from the teacher; of one that nobody revised none. */
async function guidelinesOf(store: Store, { labels, prepared }: DeployInput): Promise<Provenance['guidelines']> {
  const revisions = await new ReviewFolder(store, prepared.run.folder).revisions();
  if (revisions.length === 0) return [];
  const labelled = new Map<number, number>();
  for await (const row of readLabels(store, labels)) {
    if (!isTrainedOn(row) || row.source === 'person') continue;
    const number = row.revision ?? 0;
    labelled.set(number, (labelled.get(number) ?? 0) + 1);
  }
  return [...labelled]
    .sort(([a], [b]) => a - b)
    .map(([number, texts]) => {
      const revised = revisions.find((each) => each.number === number);
      if (revised === undefined) return { revision: null, texts, task: taskPath(prepared.run.folder) };
      const { at, examples, folder, reviewer } = revised;
      return { revision: { number, reviewer, at, examples }, texts, task: taskPath(folder) };
    });
}

/** README.md beside the student's files. */
async function writeCard(store: Store, input: DeployInput, task: Task, env: NodeJS.ProcessEnv): Promise<ArtifactRef> {
  const { certificate, evaluation, labels, prepared, student, weighing } = input;
  let [labelled, corrected] = [0, 0];
  for await (const row of readLabels(store, labels)) {
    if (!isTrainedOn(row)) continue;
    labelled++;
    if (row.source === 'person') corrected++;
  }
  const settings = candidatesOf(task.student)[student.candidate ?? 0]?.settings;
  if (settings === undefined) throw new RangeError(`the task has no student ${student.candidate}`);
  const card = modelCard({
    task: task.name,
    description: task.description,
    labels: task.labels,
    textTemplate: task.text,
    student,
    settings,
    teachers: await Promise.all(
      prepared.teachers.map(async ({ name, model, host }) => ({
        model,
        host,
        terms: (await termsOf({ ...teacherSettings(task, name), model })).summary,
        ...votesPlanned(task, name),
      })),
    ),
    labelled,
    corrected,
    guidelines: await guidelinesOf(store, input),
    corpusHash: prepared.corpusHash,
    evaluation,
    confidence: task.evaluation.confidence,
    weighing: weighing ? weighingInWords(weighing) : null,
    certificate: certificate ? certificateInWords(certificate) : null,
    grid: await gridOf(env),
    software: softwareVersions(),
  });
  return store.write(`${student.folder}/README.md`, card);
}

/** Votes of a teacher that every text gets, and those that only texts with disagreeing votes get. */
function votesPlanned(task: Task, name: string): { always: number; ifDisputed: number } {
  const own = plannedQuestions(task).filter(({ teacher }) => teacher === name);
  const always = own.filter(({ when }) => when === 'always').length;
  return { always, ifDisputed: own.length - always };
}

function softwareVersions(): Record<string, string> {
  const own = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return { tutelage: own.version, node: process.version, 'onnxruntime-node': own.dependencies['onnxruntime-node'] };
}
