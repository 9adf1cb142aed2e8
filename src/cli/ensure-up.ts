/** Gives a command a server with workers: those that run, or a background `tutelage up` of its own. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WorkerRole } from '../contracts/index.js';
import {
  configuredServer,
  countPollers,
  createClient,
  isRunning,
  makeStateFolder,
  markProcess,
  type ProcessMark,
  type Server,
  type ServerFlags,
  SetupError,
  stopProcess,
} from '../temporal/index.js';
import { serverArguments } from './command-options.js';
import { changedVariables, readUpState, serverOf, touchUpState, type UpState, waitForUp } from './up-state.js';

export interface EnsureUpOptions {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly flags: ServerFlags;
  readonly store: string;
  /** Told what is started and why, one line a step. */
  readonly onProgress: (line: string) => void;
}

export interface Ready {
  readonly server: Server;
  /** null: a configured server, whose UI is not known. */
  readonly uiAddress: string | null;
  /** The store of the workers; null where they run elsewhere. */
  readonly store: string | null;
}

const launcher = fileURLToPath(new URL('../../bin/tutelage.js', import.meta.url));
const LOG_FILE = 'up.log';
const IDLE_EXIT_MINUTES = 10;
/** Workers drain for 25 s at most. */
const STOP_GRACE_MS = 45_000;

/** Resolves once a server answers and every role has a worker. Throws SetupError when that can't be had, or when the
 *  folder's workers use another store. */
export async function ensureUp(options: EnsureUpOptions): Promise<Ready> {
  const configured = configuredServer(options.env, options.flags);
  if (configured !== null && (await isServed(configured, options.env))) {
    return { server: configured, uiAddress: null, store: null };
  }
  makeStateFolder(options.folder);
  const state = (await usableState(options)) ?? (await startInBackground(options));
  touchUpState(options.folder);
  return { server: serverOf(state, configured), uiAddress: state.uiAddress, store: state.store };
}

/** Starts `tutelage up` in the background and waits until it is ready, or until another one is. */
export async function startInBackground(options: EnsureUpOptions): Promise<UpState> {
  const { folder, env, flags, store, onProgress } = options;
  const logPath = join(folder, LOG_FILE);
  const log = openSync(logPath, 'w');
  const idle = ['--idle-exit', String(IDLE_EXIT_MINUTES)];
  const child = spawn(process.execPath, [launcher, 'up', '--store', store, ...idle, ...serverArguments(flags)], {
    env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  const mark = child.pid === undefined ? null : markProcess(child.pid);
  if (mark === null) throw new Error(`${launcher} can't be started`);
  onProgress(`starting server and workers in the background (process ${mark.pid}; stop them with: tutelage down)`);
  return waitUntilReady(folder, mark, logPath, onProgress);
}

/** Stops the folder's `up` and waits for its end. False: none ran. */
export async function stopUp(folder: string): Promise<boolean> {
  const state = readUpState(folder);
  if (state === null) return false;
  await stopProcess(state.process, STOP_GRACE_MS);
  return true;
}

/** The running `up`, unless it was started in the background and its environment is not the caller's: then it is stopped. */
async function usableState({ folder, env, store, onProgress }: EnsureUpOptions): Promise<UpState | null> {
  const state = readUpState(folder);
  if (state === null) return null;
  const changed = changedVariables(state.environment, env);
  const sameStore = state.store === store;
  if (changed.length === 0 && sameStore) return state;
  if (state.background) {
    onProgress(
      `the workers are started again: ${sameStore ? changed.join(', ') : 'the store'} changed since their start`,
    );
    await stopUp(folder);
    return null;
  }
  if (!sameStore) {
    throw new SetupError(
      `the running \`tutelage up\` (process ${state.process.pid}) uses the store ${state.store}`,
      `Stop it, or add: --store ${state.store}`,
    );
  }
  onProgress(
    `the running \`tutelage up\` (process ${state.process.pid}) was started with other values of ${changed.join(', ')}; it goes on with those`,
  );
  return state;
}

async function isServed(server: Server, env: NodeJS.ProcessEnv): Promise<boolean> {
  const client = await createClient(server, env);
  try {
    const pollers = await countPollers(client);
    return WorkerRole.options.every((role) => pollers[role] > 0);
  } finally {
    await client.connection.close();
  }
}

/** Hands on what the starting process says, so that a long build of the server is no riddle. */
async function waitUntilReady(
  folder: string,
  mark: ProcessMark,
  logPath: string,
  onProgress: (line: string) => void,
): Promise<UpState> {
  let shown = 0;
  const goesOn = (): boolean => {
    const lines = readFileSync(logPath, 'utf8').split('\n').slice(0, -1);
    for (const line of lines.slice(shown)) onProgress(line);
    shown = lines.length;
    return isRunning(mark);
  };
  const state = await waitForUp(folder, goesOn);
  if (state !== null) return state;
  throw new SetupError('server and workers could not be started', `Look at ${logPath}, or run: tutelage doctor`);
}
