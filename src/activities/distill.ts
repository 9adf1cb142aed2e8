/** Stage distill: labels to a trained student in the store. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  type ArtifactRef,
  DistillInput,
  type LabelRow,
  type OneStudentSettings,
  type Task,
  type TrainingExample,
  type TrainingNews,
  TrainingSummary,
} from '../contracts/index.js';
import { openRunStore, type Store } from '../store/index.js';
import { type Candidate, candidatesOf, trainInProcess } from '../students/index.js';
import { seededFraction } from '../voting/index.js';
import { readLabels, readTask } from './artifacts.js';
import { checkpointsOf, removeAbandonedCheckpoints } from './checkpoint-folders.js';
import { withHeartbeat, withTempFolder } from './dependencies.js';
import { sealedResult } from './sealed-result.js';
import { newsToOwnWorkflow } from './training-news.js';

/** Answers to the held-out texts. */
export const VALIDATION_FILE = 'validation.json';

export function createDistillActivities() {
  return {
    async distill(raw: DistillInput): Promise<TrainingSummary> {
      const input = DistillInput.parse(raw);
      const { run } = input.prepared;
      const store = await openRunStore(run.store);
      const sender = newsToOwnWorkflow();
      let news: TrainingNews | null = null;
      const tell = (now: TrainingNews) => {
        news = now;
        sender.offer(now);
      };
      return withHeartbeat(
        () => news,
        async (signal) => {
          const place = { runFolder: run.folder, stage: 'distill', input, schema: TrainingSummary };
          const summary = await sealedResult(store, place, () => train(store, input, signal, tell));
          await sender.settled();
          return summary;
        },
      );
    },
  };
}

async function train(
  store: Store,
  input: DistillInput,
  signal: AbortSignal,
  tell: (news: TrainingNews) => void,
): Promise<TrainingSummary> {
  const { candidate, fold, labels, part, prepared } = input;
  const task = await readTask(store, prepared);
  const { name, settings } = candidatesOf(task.student)[candidate ?? 0] as Candidate;
  const student = nameOf(name, input);
  const isHeldOut = (row: LabelRow) => (fold == null ? isValidation(row, task) : foldOf(row, task) === fold);
  const place = [
    candidate == null ? [] : `candidate-${candidate}`,
    fold == null ? [] : `fold-${fold}`,
    part == null ? [] : `share-${part.share}-${part.repeat}`,
  ].flat();
  return withTempFolder(async (folder) => {
    const examplesFile = join(folder, 'examples.jsonl');
    const outputFolder = join(folder, 'student');
    await mkdir(outputFolder);
    const isLearned = (row: LabelRow) => part == null || isHeldOut(row) || isInPart(row, task, part);
    const examples = examplesOf(store, task, labels, { settings, isHeldOut, isLearned });
    await writeExamples(examples, examplesFile);
    const studentFolder = [prepared.run.folder, 'student', labels.sha256.slice(0, 16), ...place].join('/');
    await removeAbandonedCheckpoints(process.env);
    const checkpointFolder = checkpointsOf(`${prepared.run.store.id}/${studentFolder}`, process.env);
    const trained = await trainInProcess(
      {
        kind: settings.kind,
        labels: prepared.labels,
        examplesFile,
        outputFolder,
        settings,
        seed: task.seed,
        checkpointFolder,
      },
      { onProgress: (progress) => tell({ ...progress, student }), signal },
    );
    const files: ArtifactRef[] = [];
    // Of a student that is only compared, its answers suffice.
    const kept = fold == null && part == null ? (await readdir(outputFolder)).sort() : [VALIDATION_FILE];
    const contentFolder = `${studentFolder}/${await contentOf(outputFolder, kept)}`;
    for (const name of kept) {
      files.push(await upload(store, join(outputFolder, name), `${contentFolder}/${name}`));
    }
    await rm(checkpointFolder, { recursive: true, force: true });
    return { ...trained, candidate: candidate ?? null, threads: availableParallelism(), folder: contentFolder, files };
  });
}

/** For people. */
function nameOf(name: string, { fold, part }: DistillInput): string {
  if (fold != null) return `${name}, without fold ${fold + 1} of ${LADDER_FOLDS}`;
  if (part != null) return `${name}, ${Math.round(100 * part.share)} % of the labels, draw ${part.repeat + 1}`;
  return name;
}

/** Texts of the corpus with a label; gold texts never. In the order of the labels file, which the corpus alone decides. */
async function* examplesOf(
  store: Store,
  task: Task,
  labels: ArtifactRef,
  {
    isHeldOut,
    isLearned,
    settings,
  }: {
    settings: OneStudentSettings;
    isHeldOut: (row: LabelRow) => boolean;
    isLearned: (row: LabelRow) => boolean;
  },
): AsyncGenerator<TrainingExample> {
  for await (const row of readLabels(store, labels)) {
    if (!isTrainedOn(row) || !isLearned(row)) continue;
    const weighted = settings.kind === 'encoder' && settings.sampleWeights === 'agreement';
    yield {
      text: row.text,
      target: targetOf(row, task, settings.targets),
      validation: isHeldOut(row),
      ...(weighted ? { weight: weightOf(row) } : {}),
    };
  }
}

async function writeExamples(examples: AsyncIterable<TrainingExample>, path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for await (const example of examples) await file.appendFile(`${JSON.stringify(example)}\n`);
  } finally {
    await file.close();
  }
}

export function isTrainedOn(row: Pick<LabelRow, 'label' | 'gold' | 'set'>): boolean {
  return row.label !== null && row.gold === null && row.set === 'corpus';
}

/** The validation split is drawn by text, so a text stays in it from run to run. */
export function isValidation(row: Pick<LabelRow, 'key'>, task: Task): boolean {
  return seededFraction(task.seed, 'validation', row.key) < task.evaluation.validationShare;
}

/** Folds of the labelled texts that the steps of a ladder are compared on. */
export const LADDER_FOLDS = 5;

/** A text stays in its fold from run to run. */
export function foldOf(row: Pick<LabelRow, 'key'>, task: Task): number {
  return Math.floor(LADDER_FOLDS * seededFraction(task.seed, 'fold', row.key));
}

/** Of two parts of the same repeat the smaller lies in the larger. */
export function isInPart(
  row: Pick<LabelRow, 'key'>,
  task: Task,
  { repeat, share }: { repeat: number; share: number },
): boolean {
  return seededFraction(task.seed, `part ${repeat}`, row.key) < share;
}

function targetOf(row: LabelRow, task: Task, targets: 'soft' | 'hard'): number[] {
  const names = task.labels.map((label) => label.name);
  if (targets === 'hard') return names.map((name) => (name === row.label ? 1 : 0));
  // Unreadable votes that abstain leave the sum under 1.
  const shares = new Map(Object.entries(row.distribution));
  const sum = [...shares.values()].reduce((total, share) => total + share, 0);
  return names.map((name) => (shares.get(name) ?? 0) / sum);
}

/** People's labels are sure, and so are those that no vote speaks against. */
export function weightOf({ agreement, source }: Pick<LabelRow, 'agreement' | 'source'>): number {
  return source === 'person' ? 1 : (agreement ?? 1);
}

/** Names the files by what they hold. An attempt on a machine of another kind, which only seemed dead, comes to other numbers: put
 *  in the same place, they would not be those that the stage's result tells the hashes of. */
async function contentOf(folder: string, names: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const name of names) {
    hash.update(`${name}\0`);
    for await (const piece of createReadStream(join(folder, name)) as AsyncIterable<Uint8Array>) hash.update(piece);
  }
  return hash.digest('hex').slice(0, 16);
}

async function upload(store: Store, localPath: string, path: string): Promise<ArtifactRef> {
  const writer = await store.writer(path);
  try {
    for await (const piece of createReadStream(localPath) as AsyncIterable<Uint8Array>) await writer.write(piece);
    return await writer.finish();
  } finally {
    await writer.abort();
  }
}
