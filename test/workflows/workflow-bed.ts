/** A real server with workers that run the real workflows over stand-in activities; one for the tests of a file. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WorkflowFailedError, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure, defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import proto from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { type Progress, SEARCH_ATTRIBUTES, TASK_QUEUES } from '../../src/contracts/index.js';
import { DEV_SERVER_ARGUMENTS, failureConverterPath, findServerBinary } from '../../src/temporal/index.js';
import { StandIns } from './stand-in-activities.js';

const POLL_MS = 30;
const PATIENCE_MS = 40_000;
const IDENTITY = 'tests';
const { WorkflowTaskFailedCause } = proto.temporal.api.enums.v1;
/** The server's own doing: a signal came in while a task completed; a workflow was terminated
 *  during one, or reset. */
const HARMLESS = [
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND,
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND,
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
];

export const INPUT = { task: 'complaints', corpus: '/texts.jsonl' };

export class WorkflowBed {
  readonly standIns = new StandIns();
  private workers: Array<{ worker: Worker; ended: Promise<void> }> = [];

  private constructor(
    readonly environment: TestWorkflowEnvironment,
    readonly serverBinary: string,
    private readonly bundle: WorkflowBundleWithSourceMap,
  ) {}

  /** suggestContinueAsNew: events after which the server suggests it; without: its own number. */
  static async start({ suggestContinueAsNew }: { suggestContinueAsNew?: number } = {}): Promise<WorkflowBed> {
    quietRuntime();
    const found = await findServerBinary({ env: process.env, install: false, onProgress: () => {} });
    if (found === null) throw new Error('there is no Temporal server to test with; npm test installs one');
    const [environment, bundle] = await Promise.all([startServer(found.path, suggestContinueAsNew), bundleWorkflows()]);
    const bed = new WorkflowBed(environment, found.path, bundle);
    await bed.startWorkers();
    return bed;
  }

  get client() {
    return this.environment.client.workflow;
  }

  async startWorkers(): Promise<void> {
    for (const taskQueue of Object.values(TASK_QUEUES)) {
      const worker = await Worker.create({
        connection: this.environment.nativeConnection,
        taskQueue,
        identity: IDENTITY,
        activities: this.standIns.activities(),
        dataConverter: { failureConverterPath },
        maxHeartbeatThrottleInterval: '100ms',
        shutdownForceTime: '5s',
        // No sticky cache to speak of: every workflow task is also a test of replay.
        maxCachedWorkflows: 2,
        ...(taskQueue === TASK_QUEUES.orchestrator ? { workflowBundle: this.bundle } : {}),
      });
      this.workers.push({ worker, ended: worker.run() });
    }
  }

  async stopWorkers(): Promise<void> {
    for (const { worker } of this.workers) worker.shutdown();
    await Promise.all(this.workers.map(({ ended }) => ended));
    this.workers = [];
  }

  /** Ends server and workers. Throws when a workflow task has failed, as it does with every non-determinism, every error
   *  that is no failure of Temporal's and every rejection that nobody handled: it is tried again and may pass unseen. */
  async stop(): Promise<void> {
    try {
      const problems = await this.failedTasks();
      if (problems.length > 0) throw new Error(`workflow tasks failed:\n${problems.join('\n')}`);
    } finally {
      await this.stopWorkers();
      await this.environment.teardown();
    }
  }

  private async failedTasks(): Promise<string[]> {
    const problems: string[] = [];
    for await (const { runId, workflowId } of this.client.list()) {
      const { events } = await this.client.getHandle(workflowId, runId).fetchHistory();
      for (const { workflowTaskFailedEventAttributes: failed } of events ?? []) {
        if (!failed || HARMLESS.some((cause) => cause === failed.cause)) continue;
        problems.push(`${workflowId}: cause ${failed.cause}: ${failed.failure?.message}`);
      }
    }
    return problems;
  }

  /** Starts a run of its own id, with these answers of its activities. */
  async distill(
    answers: Parameters<StandIns['answer']>[1] = {},
    input: Record<string, unknown> = {},
    workflowId = `run-${randomUUID()}`,
  ): Promise<WorkflowHandle> {
    this.standIns.answer(workflowId, answers);
    const args = [{ ...INPUT, ...input }];
    return this.client.start('distillation', { workflowId, taskQueue: TASK_QUEUES.orchestrator, args });
  }
}

export function askProgress(handle: WorkflowHandle): Promise<Progress> {
  return handle.query<Progress>('progress');
}

/** The progress of the run once it is as wanted. */
export async function progressWhen(handle: WorkflowHandle, wanted: (now: Progress) => boolean): Promise<Progress> {
  let now: Progress | null = null;
  await eventually(async () => {
    now = await askProgress(handle).catch((error: unknown) => {
      // A child that has not been started yet.
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    });
    return now !== null && wanted(now);
  });
  return now as unknown as Progress;
}

export function atGate(handle: WorkflowHandle, gate: 'labels' | 'deployment'): Promise<Progress> {
  return progressWhen(handle, ({ waitingFor }) => waitingFor?.gate === gate);
}

/** Workers that log errors only. Before the first worker of the process. */
export function quietRuntime(): void {
  const filter = { core: 'ERROR', other: 'ERROR' } as const;
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
}

export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`still not so after ${PATIENCE_MS / 1000} s: ${isSo}`);
    await sleep(POLL_MS);
  }
}

/** Why the run failed. */
export async function failureOf(handle: WorkflowHandle): Promise<ApplicationFailure> {
  const error: unknown = await handle.result().then(
    () => new Error('the run did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure) return error.cause;
  throw error;
}

export async function statusOf(handle: WorkflowHandle): Promise<string> {
  return (await handle.describe()).status.name;
}

/** What the UI shows of the run: the board, and the descriptions of signals and updates. */
export async function metadataOf(handle: WorkflowHandle): Promise<{
  currentDetails: string;
  definition: Record<'signalDefinitions' | 'updateDefinitions', Array<{ name: string; description: string }>>;
}> {
  return handle.query('__temporal_workflow_metadata');
}

function startServer(path: string, suggestContinueAsNew?: number): Promise<TestWorkflowEnvironment> {
  const setting = `limit.historyCount.suggestContinueAsNew=${suggestContinueAsNew}`;
  const ofTheTest = suggestContinueAsNew === undefined ? [] : ['--dynamic-config-value', setting];
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      extraArgs: [...DEV_SERVER_ARGUMENTS, ...ofTheTest],
      searchAttributes: Object.values(SEARCH_ATTRIBUTES).map((name) =>
        defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
      ),
    },
    client: { dataConverter: { failureConverterPath } },
  });
}

export function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
    failureConverterPath,
    logger: new DefaultLogger('ERROR'),
  });
}
