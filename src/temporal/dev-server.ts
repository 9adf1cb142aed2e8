/** The Temporal dev server of a state folder: one process, shared by all that work in the folder, its data in a file there. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../contracts/index.js';
import { findServerBinary } from './find-server-binary.js';
import { waitForLock } from './lock-file.js';
import { isRunning, markProcess, type ProcessMark, stopProcess } from './process-mark.js';
import { SetupError } from './setup-error.js';
import { makeStateFolder, readState, writeState } from './state-folder.js';

export interface DevServer {
  /** host:port for clients and workers. */
  readonly address: string;
  /** http://host:port of the web UI. */
  readonly uiAddress: string;
  readonly process: ProcessMark;
  readonly binary: string;
}

export interface DevServerOptions {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Told what is tried, one line a step. */
  readonly onProgress: (line: string) => void;
}

/** server.json. After a stop the ports stay, so that links into the UI stay valid. */
interface ServerState {
  readonly ports: Ports;
  readonly running: { readonly process: ProcessMark; readonly binary: string } | null;
}

interface Ports {
  readonly grpc: number;
  readonly ui: number;
}

const HOST = '127.0.0.1';
const STATE_FILE = 'server.json';
const SETTINGS = [
  // A task that came before its worker lay over a second in one of the default four while the worker asked at another.
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
  // So often a second the server looks for tasks to hand out, at most. With the default of 20 each step of a workflow waits for the next look.
  'history.transferProcessorMaxPollRPS=200',
];
/** What a dev server of ours is started with, wherever it is started. */
export const DEV_SERVER_ARGUMENTS: readonly string[] = SETTINGS.flatMap((setting) => [
  '--dynamic-config-value',
  setting,
]);
const LOG_FILE = 'temporal.log';
const START_TIMEOUT_MS = 60_000;
const ANSWER_TIMEOUT_MS = 20_000;
/** A first start may have to build the server. */
const LOCK_TIMEOUT_MS = 15 * 60_000;
const STOP_GRACE_MS = 10_000;
const PORT_RELEASE_MS = 2_000;
/** A port that was free may be taken by another program before the server gets it. */
const START_ATTEMPTS = 3;

/** The folder's dev server, started if it doesn't run. Two callers at once get the same one. It outlives the caller and
 *  doesn't get the terminal's Ctrl-C. Throws SetupError when it can't be started or doesn't answer. */
export async function ensureDevServer(options: DevServerOptions): Promise<DevServer> {
  makeStateFolder(options.folder);
  const lock = await waitForLock(join(options.folder, 'server.lock'), LOCK_TIMEOUT_MS);
  try {
    return (await findDevServer(options.folder)) ?? (await startDevServer(options));
  } finally {
    lock.release();
  }
}

/** The folder's dev server if it runs, else null. Throws SetupError when its process runs and doesn't answer for 20 s. */
export async function findDevServer(folder: string): Promise<DevServer | null> {
  const state = readState<ServerState>(folder, STATE_FILE);
  if (state?.running == null || !isRunning(state.running.process)) return null;
  const server = describe(state.ports, state.running);
  if (await answers(server, ANSWER_TIMEOUT_MS)) return server;
  if (!isRunning(server.process)) return null;
  throw new SetupError(
    `the Temporal server (process ${server.process.pid}) runs and does not answer at ${server.address}`,
    `Look at ${join(folder, LOG_FILE)}, or stop it with: tutelage down`,
  );
}

/** Stops the folder's dev server; its data stays. False: none ran. */
export async function stopDevServer(folder: string): Promise<boolean> {
  const state = readState<ServerState>(folder, STATE_FILE);
  if (state?.running == null || !isRunning(state.running.process)) return false;
  await stopProcess(state.running.process, STOP_GRACE_MS);
  writeState(folder, STATE_FILE, { ...state, running: null } satisfies ServerState);
  return true;
}

async function startDevServer({ folder, env, onProgress }: DevServerOptions): Promise<DevServer> {
  const binary = await findServerBinary({ env, onProgress, install: true });
  if (binary === null) throw new Error('findServerBinary found nothing and did not say why');
  onProgress(`Temporal server: starting ${binary.path} (from ${binary.source})`);
  for (let attempt = 1; ; attempt++) {
    const ports = await choosePorts(readState<ServerState>(folder, STATE_FILE)?.ports ?? null);
    const running = { process: launch(binary.path, folder, env, ports), binary: binary.path };
    writeState(folder, STATE_FILE, { ports, running } satisfies ServerState);
    const server = describe(ports, running);
    if (await answers(server, START_TIMEOUT_MS)) return server;
    await stopProcess(server.process, STOP_GRACE_MS);
    if (attempt === START_ATTEMPTS) {
      throw new SetupError(
        `the Temporal server ${binary.path} did not start: ${lastLine(join(folder, LOG_FILE))}`,
        `Look at ${join(folder, LOG_FILE)}.`,
      );
    }
  }
}

function describe(ports: Ports, running: NonNullable<ServerState['running']>): DevServer {
  return { address: `${HOST}:${ports.grpc}`, uiAddress: `http://${HOST}:${ports.ui}`, ...running };
}

function launch(binary: string, folder: string, env: NodeJS.ProcessEnv, ports: Ports): ProcessMark {
  const log = openSync(join(folder, LOG_FILE), 'a');
  try {
    const attributes = Object.values(SEARCH_ATTRIBUTES).flatMap((name) => ['--search-attribute', `${name}=Keyword`]);
    const child = spawn(
      binary,
      [
        ...['server', 'start-dev', '--ip', HOST, '--port', String(ports.grpc), '--ui-port', String(ports.ui)],
        ...['--db-filename', join(folder, 'temporal.db'), ...attributes, ...DEV_SERVER_ARGUMENTS],
      ],
      { cwd: folder, env, detached: true, stdio: ['ignore', log, log] },
    );
    child.unref();
    child.on('error', () => {}); // A program that can't be run has no pid, which is told below.
    if (child.pid === undefined) {
      throw new SetupError(`${binary} can't be run`, 'Set TEMPORAL_CLI_PATH to a working Temporal CLI.');
    }
    return markProcess(child.pid) ?? { pid: child.pid, started: 'and ended' };
  } finally {
    closeSync(log);
  }
}

/** Waits until the namespace and the search attributes are there: the server takes connections before that. */
async function answers(server: DevServer, timeoutMs: number): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  while (Date.now() < end && isRunning(server.process)) {
    // gRPC waits a second after a refused connection, so it is asked only once the port is open.
    if ((await isOpen(server.address)) && (await isReady(server.address, end - Date.now()))) return true;
    await sleep(50);
  }
  return false;
}

function isOpen(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    const done = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
}

async function isReady(address: string, timeoutMs: number): Promise<boolean> {
  const { Connection } = await import('@temporalio/client');
  const deadline = Date.now() + timeoutMs;
  let connection: Connection | null = null;
  try {
    connection = await Connection.connect({ address, connectTimeout: timeoutMs });
    const { workflowService, operatorService } = connection;
    const { customAttributes } = await connection.withDeadline(deadline, async () => {
      await workflowService.describeNamespace({ namespace: 'default' });
      return operatorService.listSearchAttributes({ namespace: 'default' });
    });
    return Object.values(SEARCH_ATTRIBUTES).every((name) => name in (customAttributes ?? {}));
  } catch {
    return false; // Not up yet; the caller knows how long to ask.
  } finally {
    await connection?.close();
  }
}

/** The ports of the last start where both are free, so that links stay valid. */
async function choosePorts(last: Ports | null): Promise<Ports> {
  // A killed server is gone before the last of its threads lets go of the ports.
  const end = Date.now() + PORT_RELEASE_MS;
  while (last !== null && Date.now() < end) {
    if ((await freePort(last.grpc)) !== null && (await freePort(last.ui)) !== null) return last;
    await sleep(100);
  }
  const grpc = await freePort(0);
  let ui = await freePort(0);
  while (ui === grpc) ui = await freePort(0);
  if (grpc === null || ui === null) throw new Error('this machine has no free port');
  return { grpc, ui };
}

/** The port itself, or any for 0; null if it is taken. */
function freePort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(null));
    probe.listen({ port, host: HOST, exclusive: true }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null));
    });
  });
}

function lastLine(path: string): string {
  return readFileSync(path, 'utf8').trim().split('\n').at(-1) || 'its log is empty';
}
