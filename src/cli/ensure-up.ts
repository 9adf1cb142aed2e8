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
  const state = await ensureUpHere(options);
  return { server: serverOf(state, configured), uiAddress: state.uiAddress, store: state.store };
}

/** The folder's own `tutelage up`, started in the background if none runs. */
export async function ensureUpHere(options: EnsureUpOptions): Promise<UpState> {
  makeStateFolder(options.folder);
  const state = (await usableState(options)) ?? (await startInBackground(options));
  touchUpState(options.folder);
  return state;
}

/** Stops the folder's `up` and waits for its end. False: none ran. */
export async function stopUp(folder: string): Promise<boolean> {
  const state = readUpState(folder);
  if (state === null) return false;
  await stopProcess(state.process, STOP_GRACE_MS);
  return true;
}

/** The running `up`. One that another command started in the background is stopped instead, and null returned, where it was
 *  started with other settings than the caller's; one that a person started is left to go on. */
async function usableState({ folder, env, flags, store, onProgress }: EnsureUpOptions): Promise<UpState | null> {
  const state = readUpState(folder);
  if (state === null) return null;
  const changed = changedVariables(state.environment, env);
  const sameServer = isServer(state, configuredServer(env, flags));
  const sameStore = state.store === store;
  const changes = [...changed, ...(sameServer ? [] : ['the server']), ...(sameStore ? [] : ['the store'])].join(', ');
  if (changes === '') return state;
  if (state.background) {
    onProgress(`the workers are started again, for this has changed: ${changes}`);
    await stopUp(folder);
    return null;
  }
  if (!sameServer || !sameStore) {
    throw new SetupError(
      `the running \`tutelage up\` (process ${state.process.pid}) uses the server ${state.address} and the store ${state.store}`,
      'Stop it first, or name the same server and store.',
    );
  }
  onProgress(
    `the running \`tutelage up\` (process ${state.process.pid}) goes on with the values it was started with; changed: ${changes}`,
  );
  return state;
}

/** A local server has a UI that we know of, a configured one has not. */
function isServer(state: UpState, configured: Server | null): boolean {
  return configured === null ? state.uiAddress !== null : state.address === configured.connection.address;
}

async function startInBackground(options: EnsureUpOptions): Promise<UpState> {
  const { folder, env, flags, store, onProgress } = options;
  const logPath = join(folder, LOG_FILE);
  const log = openSync(logPath, 'w');
  const idle = ['--idle-exit', String(IDLE_EXIT_MINUTES)];
  const child = spawn(process.execPath, [launcher, 'up', '--store', store, ...idle, ...serverArguments(flags)], {
    env,
    detached: true,
    stdio: ['ignore', 'ignore', log],
  });
  closeSync(log);
  child.unref();
  const mark = child.pid === undefined ? null : markProcess(child.pid);
  if (mark === null) throw new Error(`${launcher} can't be started`);
  onProgress(`starting server and workers in the background (process ${mark.pid}; stop them with: tutelage down)`);
  return waitUntilReady(folder, mark, logPath, onProgress);
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
