/** tutelage watch, pause, resume, cancel: looking at a run and holding it. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Command } from 'commander';
import type { RunOutcome } from '../contracts/index.js';
import { isStoreAt } from '../store/index.js';
import { type ServerFlags, SetupError } from '../temporal/index.js';
import { storeLocation, withServerOptions } from './command-options.js';
import { followRun, type RunEnd } from './follow-run.js';
import { pastRun } from './past-run.js';
import { askProgress, findRun, withClient } from './run-client.js';
import { reportEnd, untilInterrupted } from './run-end.js';

interface WatchFlags extends ServerFlags {
  readonly once?: true;
  readonly json?: true;
  readonly store?: string;
}

const ID = ['[workflow-id]', 'the run; without: the only open one'] as const;

export function registerWatch(program: Command): void {
  const command = program
    .command('watch')
    .description('follow a run until it ends; Ctrl-C ends the watching only')
    .argument(...ID)
    .option('--once', 'print where it is and return')
    .option('--store <address>', 'where to look for a run that the server has forgotten (or TUTELAGE_STORE)')
    .option('--json', 'print the result (with --once: the progress) as one JSON object');
  withServerOptions(command).action(watch);
}

async function watch(named: string | undefined, flags: WatchFlags): Promise<void> {
  try {
    await withClient(flags, async (client) => {
      const workflowId = await findRun(client, named);
      if (flags.once) await showOnce(client, workflowId, flags);
      else await report(await followRun(client, workflowId, untilInterrupted()), workflowId, flags);
    });
  } catch (error) {
    const isForgotten = error instanceof WorkflowNotFoundError;
    // A local server that had nothing left to do has stopped.
    if (named === undefined || !(isForgotten || error instanceof SetupError)) throw error;
    const past = await pastOutcome(named, flags);
    if (past === null) throw isForgotten ? unknownRun(named, flags) : error;
    const why = isForgotten ? 'the server has forgotten this run' : error.message;
    process.stderr.write(`${why}; the run ended at ${past.endedAt}\n`);
    await report(past, named, flags);
  }
}

/** null: there is no store, or it does not know how a run of this name ended. */
async function pastOutcome(workflowId: string, flags: WatchFlags): Promise<RunOutcome | null> {
  const store = storeLocation(flags.store);
  return (await isStoreAt(store)) ? pastRun(store, workflowId) : null;
}

function unknownRun(workflowId: string, { store }: WatchFlags): SetupError {
  return new SetupError(
    `neither the server nor the store ${storeLocation(store)} knows a run called ${workflowId}`,
    'The runs that are open are named by: tutelage watch. Another store is named with --store.',
  );
}

async function showOnce(client: Client, workflowId: string, flags: WatchFlags): Promise<void> {
  const progress = await askProgress(client, workflowId);
  const text = flags.json ? JSON.stringify(progress) : `${workflowId}: ${progress?.stage ?? 'no worker answers'}`;
  process.stdout.write(`${text}\n`);
}

function report(end: RunEnd | null, workflowId: string, { json }: WatchFlags): Promise<void> {
  return reportEnd(end, { workflowId, json: json === true, labelsOut: null });
}

export function registerPause(program: Command): void {
  signalCommand(program, 'pause', 'stop asking the teacher until resume; nothing is lost');
}

export function registerResume(program: Command): void {
  signalCommand(program, 'resume', 'go on after pause, or after the teacher was away');
}

export function registerCancel(program: Command): void {
  const command = program
    .command('cancel')
    .description('end a run: calls stop within two seconds, replies that were paid for are kept for the next run')
    .argument(...ID);
  withServerOptions(command).action((named: string | undefined, flags: ServerFlags) =>
    withClient(flags, async (client) => {
      const workflowId = await findRun(client, named);
      const handle = client.workflow.getHandle(workflowId);
      const { status } = await handle.describe();
      if (status.name !== 'RUNNING') {
        throw new SetupError(`the run ${workflowId} has ended already`, `How: tutelage watch ${workflowId}`);
      }
      await handle.cancel();
      process.stdout.write(`${workflowId}: cancellation requested\n`);
    }),
  );
}

function signalCommand(program: Command, name: 'pause' | 'resume', about: string): void {
  const command = program
    .command(name)
    .description(about)
    .argument(...ID);
  withServerOptions(command).action((named: string | undefined, flags: ServerFlags) =>
    withClient(flags, async (client) => {
      const workflowId = await findRun(client, named);
      await client.workflow.getHandle(workflowId).signal(name);
      process.stdout.write(`${workflowId}: ${name} sent\n`);
    }),
  );
}
