/** Stage prepare: everything that can be wrong with the input is found here, before the first paid call. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import {
  chunkingOf,
  DistillationInput,
  PreparedRun,
  type PreparedTeacher,
  PrepareInput,
  parseOrExplain,
  type RunRef,
  type Task,
} from '../contracts/index.js';
import { prepareCorpus, showExamples } from '../corpus/index.js';
import { openStore, type Store, workflowFolder } from '../store/index.js';
import { candidatesOf, EncoderError, pinEncoders } from '../students/index.js';
import { resolveTask } from '../tasks/index.js';
import {
  askedTeachers,
  earlierChunks,
  plannedQuestions,
  priceOf,
  requireDistinct,
  requireUsableTeachers,
} from '../teachers/index.js';
import { grantOf } from '../voting/index.js';
import { readGiven, taskPath } from './artifacts.js';
import { dearestCall } from './dearest-call.js';
import { type Dependencies, withHeartbeat } from './dependencies.js';
import { InvalidInputError } from './failures.js';
import { probe } from './probe.js';
import { sealedResult } from './sealed-result.js';
import { teachersOfRun } from './teacher-of-run.js';

/** A chunk costs its child workflow at most a dozen events of history, which ends at 51,200. */
const CHUNKS_PER_SHARD = 2000;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export function createPrepareActivities(dependencies: Dependencies) {
  return {
    async prepare(raw: PrepareInput): Promise<PreparedRun> {
      const { input: rawInput, workflowId, runId } = PrepareInput.parse(raw);
      const parsed = parseOrExplain(DistillationInput, rawInput);
      if (!parsed.ok) throw new InvalidInputError(`the input is not right:\n${parsed.problems}`);
      const input = parsed.value;
      const store = input.store === null ? dependencies.store : await openStore(input.store);
      const run: RunRef = { workflowId, folder: `${workflowFolder(workflowId)}/${runId}`, store: store.ref };
      let rows = 0;
      return withHeartbeat(
        () => ({ rows }),
        (signal) =>
          sealedResult(store, { runFolder: run.folder, stage: 'prepare', input: raw, schema: PreparedRun }, () =>
            prepareRun(input, run, store, dependencies, signal, (read) => {
              rows = read;
            }),
          ),
      );
    },
  };
}

async function prepareRun(
  input: DistillationInput,
  run: RunRef,
  store: Store,
  dependencies: Dependencies,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<PreparedRun> {
  const { task: told, taskHash } = await resolveTask({
    task: input.task,
    set: input.set,
    cwd: process.cwd(),
    readStored: async (path) => Buffer.from(await readGiven(store, path, 'task')).toString('utf8'),
  });
  await requireUsableTeachers(told);
  await refuseUnknownGrid(dependencies.env);
  const resolved = input.until === 'vote' ? told : await withPinnedEncoders(told, dependencies.env);
  const teachers = await teachersOfRun(resolved, store, dependencies, null);
  // Now that each is asked which model it serves.
  requireDistinct(teachers);
  const { manifest } = await prepareCorpus({
    task: resolved,
    corpus: input.corpus,
    gold: input.gold,
    env: dependencies.env,
    store,
    runFolder: run.folder,
    knownChunks: await earlierChunks(store, run.folder),
    tempFolder: join(tmpdir(), 'tutelage'),
    onProgress: (progress) => onRows(progress.rows),
    signal,
  });
  const { task, ...examples } = await showExamples(resolved, { store, manifest }, dependencies.env);
  await store.write(taskPath(run.folder), JSON.stringify(task));
  const votesPerText = plannedQuestions(task).length;
  const { maxFailedChunks, shardTexts } = task.annotation;
  const { chunkTexts, window } = chunkingOf(task);
  const textsAsked = manifest.chunks.reduce((sum, chunk) => sum + chunk.texts, 0);
  // Read while the probes wait for their answers.
  const worstCall = dearestCall(store, task, manifest, teachers);
  worstCall.catch(() => {}); // It is awaited below, unless a probe fails first.
  const { attempt } = Context.current().info;
  const found: PreparedTeacher[] = [];
  for (const [name, asked] of teachers) {
    const { host, model } = asked.teacher;
    // The probe is not in a batch.
    const atOnce = { ...asked, price: await priceOf({ ...asked.settings, batch: null }) };
    const tried = await probe({ task, run, manifest, name, attempt }, { store, asked: atOnce, signal });
    found.push({ name, host, model, probe: tried });
  }
  return {
    run,
    taskName: task.name,
    taskHash,
    labels: task.labels.map((label) => label.name),
    corpusHash: manifest.corpusHash,
    counts: manifest.counts,
    examples,
    chunks: manifest.chunks.length,
    chunksPerShard: Math.min(CHUNKS_PER_SHARD, Math.max(1, Math.floor(shardTexts / chunkTexts))),
    window,
    maxFailedChunks,
    votesPerText,
    textsPerChunk: chunkTexts,
    textsAsked,
    callsAtMost: textsAsked * votesPerText,
    worstCall: await worstCall,
    budget: grantOf(task.budget),
    budgetDeadlineMs: budgetDeadline(task, input),
    gates: task.gates,
    ladder: ladderOf(task),
    teachers: found,
    batches: batchesOf(task),
    searchAttributes: dependencies.env.TUTELAGE_SEARCH_ATTRIBUTES === '1',
    localServer: dependencies.env.TUTELAGE_LOCAL_SERVER ?? null,
  };
}

/** The model card asks for it when all is paid for. */
async function refuseUnknownGrid(env: Dependencies['env']): Promise<void> {
  if (!env.TUTELAGE_GRID) return;
  const { gridOf } = await import('../deployment/index.js');
  await gridOf(env);
}

/** Encoders at the commits that their revisions mean now. */
async function withPinnedEncoders(task: Task, env: Dependencies['env']): Promise<Task> {
  try {
    return {
      ...task,
      student: await pinEncoders(task.student, { env, trainsHere: env.TUTELAGE_LOCAL_SERVER !== undefined }),
    };
  } catch (error) {
    if (error instanceof EncoderError) throw new InvalidInputError(error.message);
    throw error;
  }
}

/** null: nobody is waited for when the budget is used up. */
function budgetDeadline({ budget, gates }: Task, { approveAs, until }: DistillationInput): number | null {
  const personDecides = approveAs === null && until !== 'vote' && gates.labels.approval === 'person';
  const waits = budget.whenUsedUp === null ? personDecides : budget.whenUsedUp === 'wait';
  return waits ? budget.deadlineHours * HOUR_MS : null;
}

function ladderOf({ student }: Task): PreparedRun['ladder'] {
  if (student.kind !== 'ladder') return null;
  const candidates = candidatesOf(student).map(({ name, step }) => ({ name, step }));
  const searchMs = student.search === null ? null : student.search.minutes * MINUTE_MS;
  return { candidates, foldsBelow: student.foldsBelow, searchMs };
}

function batchesOf(task: Task): PreparedRun['batches'] {
  const polls = [...askedTeachers(task).values()].flatMap(({ batch }) => batch?.pollSeconds ?? []);
  return polls.length === 0 ? null : { pollMs: Math.min(...polls) * 1000 };
}
