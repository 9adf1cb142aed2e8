/** A changed guideline at the labels gate: everything that can be wrong with it is found here, before it costs anything. What is
 *  to be asked becomes a small run of its own: a folder with the revised task and chunks of the texts that it concerns. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  type ChunkEntry,
  chunkingOf,
  type Manifest,
  type PreparedRun,
  RevisedRun,
  ReviseInput,
  RevisionRecord,
  type Task,
  TextRow,
} from '../contracts/index.js';
import { ChunkWriter, withReuse } from '../corpus/index.js';
import { ReviewFolder } from '../review/index.js';
import { openRunStore, type Store } from '../store/index.js';
import {
  type ByName,
  chunkFolder,
  earlierChunks,
  firstUnknownQuestion,
  type QuestionTeacher,
} from '../teachers/index.js';
import { fits } from '../voting/index.js';
import { withLabels } from './answered-texts.js';
import { manifestPath, readLabels, readManifest, readTask, taskPath } from './artifacts.js';
import { dearestCall } from './dearest-call.js';
import { type Dependencies, withHeartbeat } from './dependencies.js';
import { InvalidInputError } from './failures.js';
import { RevisionScope } from './revision-scope.js';
import { sealedResult } from './sealed-result.js';
import { teachersOfRun } from './teacher-of-run.js';

const Prepared = z.object({ revised: RevisedRun, record: RevisionRecord });

export function createReviseActivities(dependencies: Dependencies) {
  return {
    /** Finds the texts that a revision concerns, and writes what is to be asked about them. */
    async prepareRevision(raw: ReviseInput): Promise<RevisedRun> {
      const input = ReviseInput.parse(raw);
      const { run } = input.prepared;
      const store = await openRunStore(run.store);
      let texts = 0;
      return withHeartbeat(
        () => ({ texts }),
        async () => {
          const place = { runFolder: run.folder, stage: 'revise', input, schema: Prepared };
          const { record, revised } = await sealedResult(store, place, () =>
            prepareRevision(store, input, dependencies, () => {
              texts++;
            }),
          );
          await new ReviewFolder(store, run.folder).writeRevision(record);
          return revised;
        },
      );
    },
  };
}

async function prepareRevision(
  store: Store,
  input: ReviseInput,
  dependencies: Dependencies,
  onText: () => void,
): Promise<z.infer<typeof Prepared>> {
  const { at, decision, left, number, prepared } = input;
  const { revision } = decision;
  const task = await readTask(store, prepared);
  if (task.votes.plan.every(({ guideline }) => guideline !== null)) {
    throw new InvalidInputError(
      'revision.guideline: every entry of votes.plan has a guideline of its own, so no prompt would show it; start another run with other guidelines there',
    );
  }
  // An attempt that was given up may still write: each has its folder.
  const folder = `${prepared.run.folder}/revisions/${number}-${randomUUID()}`;
  const scope = await RevisionScope.open(new ReviewFolder(store, prepared.run.folder), revision, task);
  const chunks = await writeChunks(store, input, { folder, onText, scope, task });
  const { decided, goldTexts, texts } = scope.counts;
  const shown = scope.examples();
  const examples = shown.map(({ label, reason, text }) => ({ label, reason, text }));
  const revisedTask: Task = { ...task, guideline: revision.guideline, examples: [...task.examples, ...examples] };
  const manifest: Manifest = { ...(await readManifest(store, prepared)), chunks };
  const teachers = await teachersOfRun(revisedTask, store, dependencies, prepared.teachers);
  const worstCall = await dearestCall(store, revisedTask, manifest, teachers);
  if (!fits(worstCall, left) && (await asksAnything(store, { folder, manifest, task: revisedTask, teachers }))) {
    throw new InvalidInputError(
      `budget: what is left of it does not pay for one call; raise it first: tutelage budget ${prepared.run.workflowId} --add-usd 5 --as NAME (or --add-calls, --add-tokens)`,
    );
  }
  await store.write(taskPath(folder), JSON.stringify(revisedTask));
  await store.write(manifestPath(folder), `${JSON.stringify(manifest)}\n`);
  const callsAtMost = texts * prepared.votesPerText;
  const plan = { number, texts, goldTexts, decided, examples: shown.length, callsAtMost };
  const asked = { run: { ...prepared.run, folder }, chunks: chunks.length, textsAsked: texts, callsAtMost, worstCall };
  return {
    revised: { ...plan, prepared: { ...prepared, ...asked } },
    record: {
      ...plan,
      revision,
      reviewer: decision.reviewer,
      note: decision.note,
      at,
      shown: shown.map(({ id, key, label }) => ({ id, key, label })),
      folder,
    },
  };
}

/** Chunks of the texts that the scope takes, in the order of the run's. */
async function writeChunks(
  store: Store,
  { labels, prepared }: ReviseInput,
  { folder, onText, scope, task }: { folder: string; onText: () => void; scope: RevisionScope; task: Task },
): Promise<ChunkEntry[]> {
  const { chunkTexts } = chunkingOf(task);
  const writers = {
    corpus: new ChunkWriter(store, `${folder}/prepare/chunks`, 'corpus', chunkTexts),
    gold: new ChunkWriter(store, `${folder}/prepare/chunks`, 'gold', chunkTexts),
  };
  for await (const { label, row } of withLabels(textsOf(store, prepared), readLabels(store, labels))) {
    onText();
    if (scope.takes(label, row)) await writers[label.set].add(row);
  }
  await writers.corpus.finish();
  await writers.gold.finish();
  const known = await earlierChunks(store, folder);
  return [...withReuse(writers.corpus.entries, known), ...withReuse(writers.gold.entries, known)];
}

async function* textsOf(store: Store, prepared: PreparedRun): AsyncGenerator<{ readonly row: TextRow }> {
  for (const chunk of (await readManifest(store, prepared)).chunks) {
    for await (const line of store.lines(chunk.file.path)) yield { row: TextRow.parse(JSON.parse(line)) };
  }
}

/** Whether some reply is not known yet. */
async function asksAnything(
  store: Store,
  {
    folder,
    manifest,
    task,
    teachers,
  }: { folder: string; manifest: Manifest; task: Task; teachers: ByName<QuestionTeacher> },
): Promise<boolean> {
  for (const [name, asked] of teachers) {
    for (const chunk of manifest.chunks) {
      const place = chunkFolder(folder, chunk);
      if ((await firstUnknownQuestion(store, task, { name, asked }, chunk, place)) !== null) return true;
    }
  }
  return false;
}
