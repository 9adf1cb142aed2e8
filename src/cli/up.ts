/** tutelage up: server and workers on this machine. */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import pc from 'picocolors';
import { TASK_QUEUES, WorkerRole } from '../contracts/index.js';
import { lockHolder, type ServerFlags, SetupError } from '../temporal/index.js';
import {
  currentStateFolder,
  hostAndPort,
  positiveNumber,
  STORE_TO_WRITE,
  storeLocation,
  withServerOptions,
} from './command-options.js';
import { type EnsureUpOptions, ensureUpHere } from './ensure-up.js';
import { runUp } from './run-up.js';
import { readUpState, UP_LOCK, type UpState, waitForUp } from './up-state.js';

interface Flags extends ServerFlags {
  readonly store?: string;
  readonly roles?: WorkerRole[];
  readonly metrics?: string;
  readonly idleExit?: number;
  readonly background?: true;
}

export function registerUp(program: Command): void {
  const command = program
    .command('up')
    .description('start a Temporal server (unless one is configured) and the workers; Ctrl-C stops them')
    .option(...STORE_TO_WRITE)
    .addOption(new Option('--roles <roles...>', 'only these workers').choices(WorkerRole.options))
    .option(
      '--metrics <host:port>',
      "Prometheus metrics of the orchestrator; the other roles' on the next ports",
      hostAndPort,
    )
    .option('--idle-exit <minutes>', 'stop when nothing has run for so long and there is no schedule', positiveNumber)
    .addOption(
      new Option(
        '--background',
        'return when it is ready; it stops after 10 idle minutes, or by: tutelage down',
      ).conflicts(['roles', 'metrics', 'idleExit']),
    );
  withServerOptions(command).action(up);
}

async function up(flags: Flags): Promise<void> {
  const folder = currentStateFolder();
  const options = { folder, env: process.env, flags, store: storeLocation(flags.store), onProgress: tell };
  if (flags.background) return await upInBackground(options, flags);
  if (readUpState(folder) !== null) return await showRunning(folder, flags);
  const { stop, kill } = stopOnSignals();
  // The terminal may be closed while the workers finish; there is nobody to tell then.
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error').on('error', () => {});
  const finished = await runUp({
    ...options,
    roles: flags.roles ?? null,
    metricsAddress: flags.metrics ?? null,
    idleExitMs: flags.idleExit === undefined ? null : flags.idleExit * 60_000,
    onReady: show,
    stop,
    kill,
  });
  if (finished) tell('stopped');
  else await showRunning(folder, flags);
}

async function upInBackground(options: EnsureUpOptions, flags: Flags): Promise<void> {
  const before = readUpState(options.folder)?.process.pid;
  const state = await ensureUpHere(options);
  if (state.process.pid === before) alreadyRuns(state, flags);
  show(state);
}

/** Throws SetupError where it runs with another store than the one that was asked for. */
function alreadyRuns({ process: { pid }, store }: UpState, flags: Flags): void {
  if (flags.store !== undefined && storeLocation(flags.store) !== store) {
    throw new SetupError(`tutelage up runs here already, with the store ${store}`, 'Stop it first: tutelage down');
  }
  say(`already running (process ${pid})`);
}

/** The first Ctrl-C lets the workers finish, the second one does not, the third ends this process. */
function stopOnSignals(): { stop: AbortSignal; kill: AbortSignal } {
  const stop = new AbortController();
  const kill = new AbortController();
  const onSignal = (): void => {
    if (kill.signal.aborted) process.exit(1);
    (stop.signal.aborted ? kill : stop).abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  return { stop: stop.signal, kill: kill.signal };
}

/** Waits where the other one is just starting. */
async function showRunning(folder: string, flags: Flags): Promise<void> {
  const state = await waitForUp(folder, () => lockHolder(join(folder, UP_LOCK)) !== null);
  if (state === null) throw new Error('the `tutelage up` that was starting in this folder has ended');
  alreadyRuns(state, flags);
  show(state);
}

function show(state: UpState): void {
  const lines = [
    ['server', state.address],
    ['store', state.store],
    ['review', `${state.reviewAddress} (for a reviewer's link: tutelage review --as NAME)`],
  ];
  if (state.uiAddress !== null) {
    const form = `workflows/start-workflow?taskQueue=${TASK_QUEUES.orchestrator}&workflowType=distillation`;
    lines.unshift(
      ['web UI', `${state.uiAddress}/namespaces/default/workflows`],
      ['start form', `${state.uiAddress}/namespaces/default/${form}`],
    );
  }
  lines.push(['next', 'tutelage distill TASK.yaml --corpus TEXTS.jsonl']);
  for (const [name = '', value] of lines) say(`${pc.bold(name.padEnd(11))}${value}`);
}

/** What was asked for. */
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What goes on meanwhile. */
function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
