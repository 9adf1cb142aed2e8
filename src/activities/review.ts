/** Between the stages vote and labels gate: which labels people should look at first. */
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  counted,
  type LabelRow,
  LinearSettings,
  RankInput,
  RankOutcome,
  type ReviewQueue,
  type ReviewRow,
  type Task,
  type TrainingExample,
  type TrainingProgress,
} from '../contracts/index.js';
import { sortRecords } from '../corpus/index.js';
import {
  auditSize,
  ConfidentThresholds,
  DoubtJudge,
  NearDuplicates,
  ReviewFolder,
  suggestedFixes,
} from '../review/index.js';
import { openRunStore, type Store } from '../store/index.js';
import { predictOutOfFoldInProcess, TrainingRefusedError } from '../students/index.js';
import { readLabels, readTask } from './artifacts.js';
import { withHeartbeat, withTempFolder } from './dependencies.js';
import { isTrainedOn } from './distill.js';
import { sealedResult } from './sealed-result.js';

/** Share of wrong labels that the suggested audit would show, if it finds none. */
const SUGGESTED_BOUND = 0.02;

export function createReviewActivities() {
  return {
    /** Writes the review queue: all labels that may be trained on, the doubtful ones first. */
    async rankDoubts(raw: RankInput): Promise<RankOutcome> {
      const input = RankInput.parse(raw);
      const { run } = input.prepared;
      const store = await openRunStore(run.store);
      let progress: TrainingProgress = { phase: 'start', done: 0 };
      return withHeartbeat(
        () => progress,
        (signal) =>
          sealedResult(store, { runFolder: run.folder, stage: 'review', input, schema: RankOutcome }, () =>
            withTempFolder((folder) =>
              rank(store, input, folder, signal, (now) => {
                progress = now;
              }),
            ),
          ),
      );
    },
  };
}

async function rank(
  store: Store,
  { prepared, labels, revision }: RankInput,
  folder: string,
  signal: AbortSignal,
  onProgress: (progress: TrainingProgress) => void,
): Promise<RankOutcome> {
  const task = await readTask(store, prepared);
  const names = task.labels.map((label) => label.name);
  const review = new ReviewFolder(store, prepared.run.folder);
  const probabilities = await outOfFold(rowsToReview(store, labels.path), task, { folder, signal, onProgress });
  const thresholds = new ConfidentThresholds(names.length);
  const duplicates = new NearDuplicates();
  let labelled = 0;
  for await (const row of rowsToReview(store, labels.path)) {
    if (row.label === null) continue;
    duplicates.add(row.text, row.label);
    const opinion = probabilities?.[labelled++];
    if (opinion !== undefined) thresholds.add(names.indexOf(row.label), opinion);
  }
  const judge = new DoubtJudge(task.labels);
  const bars = thresholds.values();
  async function* judged(): AsyncGenerator<ReviewRow> {
    let index = 0;
    for await (const { key, id, text, label, votes } of rowsToReview(store, labels.path)) {
      const opinion = label === null ? undefined : probabilities?.[index++];
      const { doubt, why } = judge.judge({
        row: { label, votes },
        student: opinion === undefined ? null : { probabilities: opinion, thresholds: bars },
        duplicates: label === null ? { other: 0, same: 0 } : duplicates.of(text, label),
      });
      yield { key, id, text, label, votes, doubt, why, student: opinion?.map(rounded) ?? null };
    }
  }
  const writer = await store.writer(review.rowsPath(revision?.number));
  let texts = 0;
  try {
    for await (const row of sortRecords(judged(), worstFirst, { tempFolder: folder })) {
      await writer.write(`${JSON.stringify(row)}\n`);
      texts++;
    }
    const queue: ReviewQueue = {
      workflowId: prepared.run.workflowId,
      task: prepared.taskName,
      rows: await writer.finish(),
      texts,
      labels: task.labels,
      guideline: (await review.revisions()).at(-1)?.revision.guideline ?? task.guideline,
      seed: task.seed,
      confidence: task.evaluation.confidence,
      rankedAt: new Date().toISOString(),
      labelsVersion: revision?.labelsVersion,
      revision: revision?.number,
    };
    await review.writeQueue(queue);
    return { queue, evidence: howToReview(prepared.run.workflowId, texts, labelled, queue.confidence) };
  } finally {
    await writer.abort();
  }
}

/** What a student that was trained without the row says of each labelled row, in their order; null where none can be
 *  trained: the ranking then does without. */
async function outOfFold(
  rows: AsyncIterable<LabelRow>,
  task: Task,
  { folder, signal, onProgress }: { folder: string; signal: AbortSignal; onProgress: (now: TrainingProgress) => void },
): Promise<number[][] | null> {
  const names = task.labels.map((label) => label.name);
  const examplesFile = join(folder, 'examples.jsonl');
  const outputFolder = join(folder, 'out-of-fold');
  await mkdir(outputFolder);
  const file = await open(examplesFile, 'w');
  try {
    for await (const { label, text } of rows) {
      if (label === null) continue;
      const target = names.map((name) => (name === label ? 1 : 0));
      const example: TrainingExample = { text, target, validation: false };
      await file.appendFile(`${JSON.stringify(example)}\n`);
    }
  } finally {
    await file.close();
  }
  // The label that is doubted is what the opinion is about, so the student learns labels, not distributions of votes.
  const { student } = task;
  const linear = student.kind === 'linear' ? student : LinearSettings.parse({ maxMemoryMb: student.maxMemoryMb });
  const settings = { ...linear, targets: 'hard' as const };
  const job = { kind: 'linear', labels: names, examplesFile, outputFolder, settings, seed: task.seed };
  const probabilities: number[][] = [];
  try {
    for await (const answer of predictOutOfFoldInProcess(job, { onProgress, signal })) probabilities.push(answer);
  } catch (error) {
    if (error instanceof TrainingRefusedError) return null;
    throw error;
  }
  return probabilities;
}

/** Texts that may be trained on, and those that would be if they had a label. */
async function* rowsToReview(store: Store, path: string): AsyncGenerator<LabelRow> {
  for await (const row of readLabels(store, { path })) {
    if (isTrainedOn({ ...row, label: row.label ?? '' })) yield row;
  }
}

/** Six digits: queues of millions of rows are read often. */
function rounded(probability: number): number {
  return Math.round(1e6 * probability) / 1e6;
}

/** Equal doubts in the order of the keys, which is random. */
function worstFirst({ doubt, key }: ReviewRow): string {
  return `${(1 - doubt).toFixed(12)} ${key}`;
}

function howToReview(workflowId: string, texts: number, labelled: number, confidence: number): string {
  const suggested = suggestedFixes(texts);
  // It is drawn from what is left after them.
  const size = auditSize(Math.max(1, labelled - suggested), SUGGESTED_BOUND, confidence);
  return [
    `${texts === 1 ? 'The text is' : `All ${texts} texts are`} ranked by doubt. Look at the ${counted(suggested, 'most doubtful one')}, then at ${size} drawn at random, which would show that at most ${100 * SUGGESTED_BOUND} % of the rest are wrong if none is. On a page that opens in the browser, where the gate can be decided, too:`,
    '',
    '```sh',
    `tutelage review ${workflowId} --as YOUR-NAME`,
    '```',
    '',
    'Or with files for Excel and others:',
    '',
    '```sh',
    `tutelage review export ${workflowId} --output fix.xlsx --rows ${suggested}`,
    `tutelage review import ${workflowId} fix.xlsx --as YOUR-NAME`,
    `tutelage review export ${workflowId} --as YOUR-NAME --output audit.xlsx --audit ${size}`,
    `tutelage review import ${workflowId} audit.xlsx --as YOUR-NAME`,
    `tutelage approve ${workflowId} --gate labels --as YOUR-NAME --reviewed`,
    '```',
  ].join('\n');
}
