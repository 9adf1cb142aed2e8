/** The body of `tutelage up`: server and workers of one folder, for as long as the process lives. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { TASK_QUEUES, WorkerRole } from '../contracts/index.js';
import { openStore } from '../store/index.js';
import {
  configuredServer,
  countPollers,
  createClient,
  type DevServer,
  ensureDevServer,
  isRunning,
  localServer,
  makeStateFolder,
  markProcess,
  type Server,
  type ServerFlags,
  SetupError,
  stopDevServer,
  tryLock,
} from '../temporal/index.js';
import { serverArguments } from './command-options.js';
import type { HttpServer } from './http-server.js';
import { lastUsed, markEnvironment, UP_LOCK, type UpState, writeUpState } from './up-state.js';
import { WorkerFleet } from './worker-fleet.js';

export interface UpOptions {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly flags: ServerFlags;
  readonly store: string;
  /** null: all roles; with a configured server, those that nobody serves. */
  readonly roles: readonly WorkerRole[] | null;
  /** host:port of the orchestrator's metrics; teacher and student take the next two ports. null: none. */
  readonly metricsAddress: string | null;
  /** Stop after this long without open runs and schedules, milliseconds; null: never. */
  readonly idleExitMs: number | null;
  readonly onProgress: (line: string) => void;
  /** Called when server and workers answer. */
  readonly onReady: (state: UpState) => void;
  /** Aborted: finish what was begun, then stop. */
  readonly stop: AbortSignal;
  /** Aborted: stop at once. */
  readonly kill: AbortSignal;
}

const launcher = fileURLToPath(new URL('../../bin/tutelage.js', import.meta.url));
const READY_TIMEOUT_MS = 60_000;
const WATCH_MS = 1_000;
const IDLE_CHECKS = 4;

/** Resolves to true after a stop, and to false at once when another `up` runs in the folder. */
export async function runUp(options: UpOptions): Promise<boolean> {
  makeStateFolder(options.folder);
  await openStore(options.store); // A folder that can't be written is told here, not in a worker's log.
  const lock = tryLock(join(options.folder, UP_LOCK));
  if (lock === null) return false;
  try {
    const configured = configuredServer(options.env, options.flags);
    if (configured !== null) {
      await serve(options, configured, null);
      return true;
    }
    const local = await ensureDevServer(options);
    try {
      await serve(options, localServer(local.address), local);
    } finally {
      options.onProgress('stopping the Temporal server');
      await stopDevServer(options.folder);
    }
    return true;
  } finally {
    lock.release();
  }
}

/** The student's work comes last in a run: its worker does not keep the others from starting. */
function startsFirst(role: WorkerRole): boolean {
  return role !== 'student';
}

async function serve(options: UpOptions, server: Server, local: DevServer | null): Promise<void> {
  const fleet = makeFleet(options, server, local);
  const kill = (): void => fleet.kill();
  options.kill.addEventListener('abort', kill);
  const wanted = options.roles ?? WorkerRole.options;
  // Before anything is asked of the server: they take a second to load.
  fleet.start(wanted.filter(startsFirst));
  try {
    const client = await createClient(server, options.env);
    fleet.serverAnswers();
    try {
      const roles = options.roles ?? (local === null ? await unservedRoles(client, fleet, options) : wanted);
      const first = roles.filter(startsFirst);
      if (first.length > 0) await waitForWorkers(client, first, options);
      if (options.stop.aborted) return;
      fleet.start(roles.filter((role) => !startsFirst(role)));
      await waitForWorkers(client, roles, options);
      if (options.stop.aborted) return;
      const page = await serveReviewPage(options, client);
      try {
        options.onReady(recordState(options, { server, local, page }));
        await watch(options, client, local);
      } finally {
        await page.close();
      }
    } finally {
      await client.connection.close();
    }
  } finally {
    if (fleet.pids.size > 0) options.onProgress('stopping the workers; what they have begun may take some seconds');
    await fleet.stop();
    options.kill.removeEventListener('abort', kill);
  }
}

/** Another machine's workers may serve the configured server already: those that were started here for nothing are dismissed. */
async function unservedRoles(client: Client, fleet: WorkerFleet, { onProgress }: UpOptions): Promise<WorkerRole[]> {
  const pollers = await countPollers(client, fleet.pids);
  const served = WorkerRole.options.filter((role) => pollers[role] > 0);
  for (const role of served) {
    onProgress(`${pollers[role]} worker(s) poll ${TASK_QUEUES[role]} already: none is started here for ${role}`);
  }
  await Promise.all(served.map((role) => fleet.dismiss(role)));
  return WorkerRole.options.filter((role) => !served.includes(role));
}

function makeFleet(options: UpOptions, server: Server, local: DevServer | null): WorkerFleet {
  const { folder, onProgress, store, flags } = options;
  // The local server was started with the search attributes, and its address is on nobody's profile.
  const ofLocal = local && { TUTELAGE_SEARCH_ATTRIBUTES: '1', TUTELAGE_LOCAL_SERVER: local.address };
  const env = { ...options.env, ...ofLocal };
  const serverFlags = serverArguments({ ...flags, address: server.connection.address });
  return new WorkerFleet({
    folder,
    env,
    onProgress,
    commandLine: (role) => [
      ...[launcher, 'worker', '--role', role, '--store', store, ...serverFlags],
      ...metricsArguments(options.metricsAddress, role),
    ],
  });
}

/** Each role's process needs a port of its own. */
function metricsArguments(address: string | null, role: WorkerRole): string[] {
  if (address === null) return [];
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1)) + WorkerRole.options.indexOf(role);
  return ['--metrics', `${address.slice(0, colon)}:${port}`];
}

async function waitForWorkers(client: Client, roles: readonly WorkerRole[], options: UpOptions): Promise<void> {
  const end = Date.now() + READY_TIMEOUT_MS;
  while (!options.stop.aborted) {
    const pollers = await countPollers(client);
    const missing = roles.filter((role) => pollers[role] === 0);
    if (missing.length === 0) return;
    if (Date.now() > end) {
      throw new SetupError(
        `after ${READY_TIMEOUT_MS / 1000} s there is no worker for ${missing.join(', ')}`,
        `Look at ${missing.map((role) => join(options.folder, `worker-${role}.log`)).join(', ')}.`,
      );
    }
    await sleep(100);
  }
}

/** On this machine only: for others there is `tutelage review --host`. Loaded once the workers are there: they have better things to do than to wait for it. */
async function serveReviewPage({ env, folder, store }: UpOptions, client: Client): Promise<HttpServer> {
  const [{ servePage }, { reviewSecret }, { temporalDoor }] = await Promise.all([
    import('./serve-page.js'),
    import('./review-secret.js'),
    import('./temporal-door.js'),
  ]);
  return servePage({
    store: await openStore(store),
    door: temporalDoor(async () => client),
    secret: reviewSecret(env, folder),
    host: '127.0.0.1',
    port: null,
    workflowId: null,
  });
}

function recordState(
  options: UpOptions,
  { local, page, server }: { server: Server; local: DevServer | null; page: HttpServer },
): UpState {
  const state: UpState = {
    process: markProcess(process.pid) ?? { pid: process.pid, started: null },
    address: server.connection.address,
    uiAddress: local?.uiAddress ?? null,
    store: options.store,
    reviewAddress: page.address,
    background: options.idleExitMs !== null,
    environment: markEnvironment(options.env),
  };
  writeUpState(options.folder, state);
  return state;
}

/** Resolves when it is time to stop. Starts the dev server again where it died: runs go on where they were. */
async function watch(options: UpOptions, client: Client, local: DevServer | null): Promise<void> {
  const { idleExitMs, folder, stop, onProgress } = options;
  let server = local;
  let checkAt = 0;
  let busyAt = Date.now();
  while (!stop.aborted) {
    await sleep(WATCH_MS, undefined, { signal: stop }).catch(() => {}); // Aborted: the loop ends.
    if (server !== null && !stop.aborted && !isRunning(server.process)) {
      onProgress('the Temporal server has died; it is started again');
      const again = await ensureDevServer(options);
      if (again.address !== server.address)
        throw new Error(`another program took the server's address ${server.address}`);
      server = again;
    }
    if (idleExitMs !== null && Date.now() > checkAt) {
      checkAt = Date.now() + idleExitMs / IDLE_CHECKS;
      // A server that can't be asked just now is no reason to stop.
      if (await isBusy(client).catch(() => true)) busyAt = Date.now();
      if (Date.now() - Math.max(busyAt, lastUsed(folder)) > idleExitMs) {
        onProgress('nothing has run for a while, and there is no schedule');
        return;
      }
    }
  }
}

async function isBusy(client: Client): Promise<boolean> {
  const { count } = await client.workflow.count(
    `TaskQueue = '${TASK_QUEUES.orchestrator}' AND ExecutionStatus = 'Running'`,
  );
  if (count > 0) return true;
  for await (const schedule of client.schedule.list()) {
    if (schedule.action?.workflowType === 'redistillation') return true;
  }
  return false;
}
