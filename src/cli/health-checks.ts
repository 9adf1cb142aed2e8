/** What must be there for the main job, each looked at by itself: a check never throws. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TASK_QUEUES, WorkerRole } from '../contracts/index.js';
import { isStoreAt, openStore } from '../store/index.js';
import {
  configuredServer,
  countPollers,
  createClient,
  findDevServer,
  findServerBinary,
  localServer,
  payloadCodec,
  type ServerFlags,
} from '../temporal/index.js';

export interface HealthCheck {
  readonly name: string;
  /** missing: the main job can't run. warn: it can, or it will be once `tutelage up` has done its part. */
  readonly status: 'ok' | 'warn' | 'missing';
  readonly detail: string;
  /** What to do, where the status is not ok. */
  readonly mend: string | null;
}

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly flags: ServerFlags;
  readonly folder: string;
  readonly store: string;
}

type Finding = Omit<HealthCheck, 'name'>;

const LOWEST_NODE = [20, 19] as const;
const LITTLE_SPACE_BYTES = 1e9;
const NO_SPACE_BYTES = 1e8;
const LOAD_TIMEOUT_MS = 30_000;

const run = promisify(execFile);
const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

export async function checkHealth(surroundings: Surroundings): Promise<HealthCheck[]> {
  const { env, store } = surroundings;
  const checks: [string, () => Finding | Promise<Finding>][] = [
    ['node', checkNode],
    ['onnxruntime', () => checkLoads('onnxruntime-node')],
    ['temporal SDK', () => checkLoads('@temporalio/worker')],
    ['temporal CLI', () => checkBinary(surroundings)],
    ['server', () => checkServer(surroundings)],
    ['store', () => checkStore(store)],
    ['disk', () => checkDisk(store)],
    ['HF_TOKEN', () => checkToken(env)],
    ['payload key', () => checkPayloadKey(env)],
  ];
  return Promise.all(
    checks.map(async ([name, check]) => {
      try {
        return { name, ...(await check()) };
      } catch (error) {
        return { name, ...missing(error instanceof Error ? error.message : String(error), mendOf(error)) };
      }
    }),
  );
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [lowestMajor, lowestMinor] = LOWEST_NODE;
  if (major > lowestMajor || (major === lowestMajor && minor >= lowestMinor)) return ok(process.version);
  return missing(process.version, `Install Node ${LOWEST_NODE.join('.')} or newer.`);
}

/** In a process of its own: a native module that doesn't fit may end the process that loads it. */
async function checkLoads(module: string): Promise<Finding> {
  try {
    await run(process.execPath, ['--input-type=module', '-e', `await import('${module}')`], {
      cwd: packageRoot,
      timeout: LOAD_TIMEOUT_MS,
    });
    return ok(`${module} loads`);
  } catch (error) {
    const said = error instanceof Error ? (/^\w*Error: .*$/m.exec(error.message)?.[0] ?? 'it ends the process') : '';
    return missing(
      `${module} does not load: ${said}`,
      'Install again with: npm ci. Alpine Linux (musl) is not supported.',
    );
  }
}

async function checkBinary({ env, flags }: Surroundings): Promise<Finding> {
  const binary = await findServerBinary({ env, onProgress: () => {}, install: false });
  if (binary !== null) return ok(`${binary.path} (from ${binary.source})`);
  if (configuredServer(env, flags) !== null) return ok('not needed: a server is configured');
  return warn(
    'not found',
    '`tutelage up` downloads it, or builds it with Go; or install it: https://docs.temporal.io/cli',
  );
}

async function checkServer({ env, flags, folder }: Surroundings): Promise<Finding> {
  const configured = configuredServer(env, flags);
  const local = configured === null ? await findDevServer(folder) : null;
  const server = configured ?? (local === null ? null : localServer(local.address));
  if (server === null) return warn('none is configured and none runs here', 'Start one with: tutelage up');
  const client = await createClient(server, env);
  try {
    const pollers = await countPollers(client);
    const roles = WorkerRole.options.map((role) => `${TASK_QUEUES[role]} ${pollers[role]}`).join(', ');
    const detail = `${server.connection.address} answers; workers: ${roles}`;
    const unserved = WorkerRole.options.some((role) => pollers[role] === 0);
    return unserved ? warn(detail, 'Start workers with: tutelage up') : ok(detail);
  } finally {
    await client.connection.close();
  }
}

async function checkStore(location: string): Promise<Finding> {
  if (await isStoreAt(location)) {
    if (!isOnS3(location)) accessSync(location, constants.W_OK);
    return ok(`${location} (id ${(await openStore(location)).ref.id})`);
  }
  if (!isOnS3(location)) {
    const parent = existingParent(location);
    if (!statSync(parent).isDirectory())
      return missing(`${parent} is not a folder`, 'Name a folder with --store or TUTELAGE_STORE.');
    accessSync(parent, constants.W_OK);
  }
  return ok(`${location} (made when first used)`);
}

/** Of the store's folder; without one, of the folder for temporary files. */
function checkDisk(location: string): Finding {
  const folder = isOnS3(location) ? tmpdir() : existingParent(location);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const detail = `${(free / 1e9).toFixed(1)} GB free at ${folder}`;
  if (free < NO_SPACE_BYTES) return missing(detail, 'Make room: replies that were paid for must be written.');
  return free < LITTLE_SPACE_BYTES ? warn(detail, 'Make room before a large run.') : ok(detail);
}

function checkToken(env: NodeJS.ProcessEnv): Finding {
  if (env.HF_TOKEN) return ok('set');
  return warn('not set', "Needed for teachers on the Hub's router; not for recorded replies or a teacher with a url.");
}

function checkPayloadKey(env: NodeJS.ProcessEnv): Finding {
  payloadCodec(env);
  return ok(env.TUTELAGE_PAYLOAD_KEY ? 'set: what the server stores is encrypted' : 'not set: nothing is encrypted');
}

/** As storeLocation gives it: an address, or an absolute folder. */
function isOnS3(location: string): boolean {
  return location.startsWith('s3://');
}

function existingParent(folder: string): string {
  return existsSync(folder) ? folder : existingParent(dirname(folder));
}

function mendOf(error: unknown): string | null {
  const mend: unknown = error instanceof Error ? Reflect.get(error, 'mend') : null;
  return typeof mend === 'string' ? mend : null;
}

function ok(detail: string): Finding {
  return { status: 'ok', detail, mend: null };
}

function warn(detail: string, mend: string): Finding {
  return { status: 'warn', detail, mend };
}

function missing(detail: string, mend: string | null): Finding {
  return { status: 'missing', detail, mend };
}
