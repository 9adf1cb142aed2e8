/** Runs the workers of one role or of several in this process until it is told to stop. */
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities/index.js';
import { TASK_QUEUES, type WorkerRole } from '../contracts/index.js';
import { openStore } from '../store/index.js';
import { dataConverter, noAnswer, type Server, SetupError, workerIdentity } from '../temporal/index.js';
import { watchTeacherWorkers } from './teacher-workers.js';
import { workerLog } from './worker-log.js';
import { workflowBundle } from './workflow-source.js';

export interface WorkerSettings {
  readonly roles: readonly WorkerRole[];
  readonly server: Server;
  /** Folder or URI of the store that runs without one of their own write to. */
  readonly store: string;
  readonly env: NodeJS.ProcessEnv;
  /** host:port that serves Prometheus metrics under /metrics; null: none. */
  readonly metricsAddress: string | null;
  /** Least level that is logged: trace, debug, info, warn, error. */
  readonly logLevel: string;
  /** Activities at once for each role; a role left out has its default. */
  readonly concurrency?: Partial<Record<WorkerRole, number>>;
  /** Called once every worker polls. */
  readonly onReady?: () => void;
}

/** Activities at once. A student's activity uses the whole machine; a teacher's one waits. */
const DEFAULT_CONCURRENCY: Record<WorkerRole, number> = { orchestrator: 20, teacher: 16, student: 1 };

/** Resolves after a stop: no new work is taken, running activities get 10 s to end and are then cancelled.
 *  Stopped by the signal, by SIGINT or SIGTERM (a second one ends the process at once), and when a parent process that
 *  opened an IPC channel is gone. Rejects when the server refuses or the workers fail. */
export async function runWorkers(settings: WorkerSettings, signal?: AbortSignal): Promise<void> {
  const store = await openStore(settings.store);
  installRuntime(settings);
  const connection = await NativeConnection.connect(settings.server.connection).catch((error: unknown) => {
    throw noAnswer(settings.server, error);
  });
  const teacherWorkers = watchTeacherWorkers(connection, settings.server.namespace);
  try {
    const dependencies = { store, env: settings.env, teacherWorkers: teacherWorkers.count };
    const workers: Worker[] = [];
    for (const role of settings.roles) {
      const options = role === 'orchestrator' ? { workflowBundle } : {};
      const activities = await createActivities[role](dependencies);
      workers.push(await Worker.create({ ...options, ...workerOptions(role, settings), connection, activities }));
    }
    await runUntilStopped(workers, signal, settings.onReady);
  } finally {
    teacherWorkers.stop();
    await connection.close();
  }
}

/** Throws SetupError where the metrics can't be served. */
function installRuntime({ logLevel, metricsAddress }: WorkerSettings): void {
  try {
    Runtime.install({
      logger: workerLog(logLevel),
      shutdownSignals: [], // Ours below: the SDK's handlers don't let a second signal end the process.
      telemetryOptions: {
        logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
        ...(metricsAddress === null
          ? {}
          : { metrics: { prometheus: { bindAddress: metricsAddress, countersTotalSuffix: true } } }),
      },
    });
  } catch (cause) {
    if (metricsAddress === null) throw cause;
    const mend = 'Give another address, or end the program that listens there.';
    throw new SetupError(`--metrics ${metricsAddress}: ${(cause as Error).message}`, mend, { cause });
  }
}

function workerOptions(role: WorkerRole, settings: WorkerSettings): WorkerOptions {
  return {
    namespace: settings.server.namespace,
    taskQueue: TASK_QUEUES[role],
    identity: workerIdentity(role),
    dataConverter: dataConverter(settings.env),
    maxConcurrentActivityTaskExecutions: settings.concurrency?.[role] ?? DEFAULT_CONCURRENCY[role],
    shutdownGraceTime: '10s',
    shutdownForceTime: '25s',
    // Progress and cancellation travel with heartbeats, which the SDK would hold back for up to a minute.
    maxHeartbeatThrottleInterval: '5s',
  };
}

async function runUntilStopped(
  workers: readonly Worker[],
  signal: AbortSignal | undefined,
  onReady: (() => void) | undefined,
): Promise<void> {
  const stop = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    if (signals > 1) process.exit(1);
    stop();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('disconnect', stop);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    // One worker that fails takes the others along: a process that does half its work looks alive.
    const runs = workers.map((worker) => worker.run().finally(stop));
    onReady?.();
    // The parent may have gone before anyone listened; without a channel to one, this is undefined.
    if (signal?.aborted || process.connected === false) stop();
    const failures = (await Promise.allSettled(runs)).filter((run) => run.status === 'rejected');
    if (failures[0] !== undefined) throw failures[0].reason;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('disconnect', stop);
    signal?.removeEventListener('abort', stop);
  }
}
