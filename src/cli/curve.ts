/** tutelage curve: would more labels help? */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { type CurveInput, CurveOutcome, PreparedRun, TASK_QUEUES, VoteOutcome } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import { type ServerFlags, SetupError } from '../temporal/index.js';
import { withServerOptions } from './command-options.js';
import { openExistingStore, STORE_OPTION } from './existing-store.js';
import { wholeNumber } from './option-values.js';
import { newestOutcome } from './past-run.js';
import { plainMarkdown } from './plain-markdown.js';
import { withClient } from './run-client.js';

interface Flags extends ServerFlags {
  readonly more: number;
  readonly repeats: number;
  readonly output?: string;
  readonly store?: string;
  readonly json?: true;
}

const SHARES = [0.1, 0.2, 0.4, 0.7, 1];
const POLL_MS = 2000;

export function registerCurve(program: Command): void {
  const command = program
    .command('curve')
    .description("train on growing shares of a run's labels: would more of them help?")
    .argument('<workflow-id>', 'a run whose student was trained')
    .option('--more <n>', 'labels that may be added', wholeNumber, 1000)
    .option('--repeats <n>', 'trainings on each share, on other texts each time', wholeNumber, 3)
    .option('--output <file.svg>', 'write the picture there')
    .option('--json', 'print the curve as one JSON object')
    .option(...STORE_OPTION);
  withServerOptions(command).action(curve);
}

async function curve(workflowId: string, flags: Flags): Promise<void> {
  const store = await openExistingStore(flags.store);
  const input = await curveInput(store, workflowId, flags);
  await withClient(flags, async (client) => {
    const handle = await client.workflow.start('learningCurve', {
      taskQueue: TASK_QUEUES.orchestrator,
      workflowId: `${workflowId}.curve-${randomUUID().slice(0, 8)}`,
      args: [input],
      staticSummary: `learning curve of ${workflowId}`,
    });
    process.stderr.write(`training on ${SHARES.length} shares of the labels: ${handle.workflowId}\n`);
    let done = false;
    const result = handle.result().finally(() => {
      done = true;
    });
    // Whoever interrupts leaves the workflow at work.
    while (!done) await Promise.race([sleep(POLL_MS), result.catch(() => undefined)]);
    const outcome = CurveOutcome.parse(await result);
    if (flags.output !== undefined) await writeFile(flags.output, await store.readRef(outcome.picture));
    if (flags.json) process.stdout.write(`${JSON.stringify(outcome.curve)}\n`);
    else process.stdout.write(`${plainMarkdown(outcome.evidence)}\n`);
    process.stderr.write(`picture: ${flags.output ?? `${store.ref.uri}/${outcome.picture.path}`}\n`);
  });
}

/** From what the run left in the store. Throws SetupError where it did not get as far as a student. */
async function curveInput(store: Store, workflowId: string, { more, repeats }: Flags): Promise<CurveInput> {
  const outcome = await newestOutcome(store, workflowId);
  const { labels: labelled, student } = outcome?.result ?? {};
  if (outcome === null || labelled == null || student == null) {
    throw new SetupError(`${workflowId} has left no student in the store`, 'Name a run that has trained one.');
  }
  const { run } = outcome;
  const prepared = await resultOf(store, run.folder, 'prepare', (json) => PreparedRun.parse(json));
  const labels = await resultOf(store, run.folder, 'vote|corrections', (json) => {
    const { labels: ref } = VoteOutcome.parse(json).summary;
    return labelled.uri.endsWith(ref.path) ? ref : null;
  });
  const candidate = Number(/\/candidate-(\d+)/.exec(student.uri)?.[1] ?? Number.NaN);
  return { prepared, labels, candidate: Number.isNaN(candidate) ? null : candidate, shares: SHARES, repeats, more };
}

/** The sealed result of a stage that `read` does not call null. */
async function resultOf<Value>(
  store: Store,
  runFolder: string,
  stage: string,
  read: (json: unknown) => Value | null,
): Promise<Value> {
  const name = new RegExp(`^(${stage})-[0-9a-f]+\\.json$`);
  for (const file of await store.names(`${runFolder}/results`)) {
    if (!name.test(file)) continue;
    const value = read(JSON.parse(Buffer.from(await store.read(`${runFolder}/results/${file}`)).toString('utf8')));
    if (value !== null) return value;
  }
  throw new SetupError(`the store has no result of the stage ${stage} below ${runFolder}`, 'Give the right --store.');
}
