/** tutelage worker: the workers of one role, or of all, in this process. */
import { type Command, Option } from 'commander';
import { WorkerRole } from '../contracts/index.js';
import {
  configuredServer,
  findDevServer,
  localServer,
  type Server,
  type ServerFlags,
  SetupError,
} from '../temporal/index.js';
import {
  currentStateFolder,
  hostAndPort,
  positiveNumber,
  STORE_TO_WRITE,
  storeLocation,
  withServerOptions,
} from './command-options.js';

interface Flags extends ServerFlags {
  readonly role: WorkerRole | 'all';
  readonly store?: string;
  readonly metrics?: string;
  readonly concurrency?: number;
  readonly logLevel: string;
}

export function registerWorker(program: Command): void {
  const command = program
    .command('worker')
    .description('run workers in this process; SIGTERM lets them finish, a second one ends them')
    .addOption(new Option('--role <role>', 'which').choices([...WorkerRole.options, 'all']).default('all'))
    .option(...STORE_TO_WRITE)
    .option('--metrics <host:port>', 'serve Prometheus metrics there, under /metrics', hostAndPort)
    .option('--concurrency <activities>', 'activities at once; default: 20, 16 or 1 by role', positiveNumber)
    .addOption(
      new Option('--log-level <level>', 'least level on stderr, one JSON object a line')
        .choices(['trace', 'debug', 'info', 'warn', 'error'])
        .default('info'),
    );
  withServerOptions(command).action(worker);
}

async function worker(flags: Flags): Promise<void> {
  const roles = flags.role === 'all' ? WorkerRole.options : [flags.role];
  const { concurrency } = flags;
  // Loaded here: the other commands start faster without it, and `doctor` works where it can't be loaded.
  const { runWorkers } = await import('../workers/index.js');
  await runWorkers({
    roles,
    server: await serverToUse(flags),
    store: storeLocation(flags.store),
    env: process.env,
    metricsAddress: flags.metrics ?? null,
    logLevel: flags.logLevel,
    ...(concurrency === undefined ? {} : { concurrency: Object.fromEntries(roles.map((role) => [role, concurrency])) }),
  });
}

async function serverToUse(flags: ServerFlags): Promise<Server> {
  const configured = configuredServer(process.env, flags);
  if (configured !== null) return configured;
  const local = await findDevServer(currentStateFolder());
  if (local !== null) return localServer(local.address);
  throw new SetupError(
    'no Temporal server is named, and none runs for this folder',
    'Give --address or TEMPORAL_ADDRESS, or start a local server with: tutelage up',
  );
}
