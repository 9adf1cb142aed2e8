/** Schedules of the workflow `redistillation` on the Temporal server. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  type ScheduleHandle,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
  type ScheduleSummary,
} from '@temporalio/client';
import { InvalidArgumentError } from 'commander';
import { TASK_QUEUES } from '../contracts/index.js';

export interface Interval {
  readonly hours: number;
}

export interface PlannedSchedule {
  readonly id: string;
  readonly spec: { readonly every: Interval } | { readonly cron: string };
  /** Input of the workflow, as JSON. */
  readonly input: Record<string, unknown>;
}

export interface FoundSchedule {
  readonly id: string;
  readonly paused: boolean;
  /** ISO 8601. */
  readonly next: string | null;
  readonly recent: string | null;
}

const WORKFLOW_TYPE = 'redistillation';
const CATCHUP_HOURS = 24;
/** A run may wait days for a person; the next one then follows it, and those after are left out. */
const OVERLAP = ScheduleOverlapPolicy.BUFFER_ONE;
/** A server starts what was triggered at once; one that is busy may take longer than somebody waits. */
const STARTED_WITHIN_MS = 10_000;
const POLL_MS = 100;
const HOURS = { h: 1, d: 24, w: 7 * 24 } as const;

/** "7d" as an interval; for options. */
export function parseInterval(text: string): Interval {
  const [, count, unit] = /^([1-9]\d{0,4})([hdw])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) {
    throw new InvalidArgumentError('It must be a number of hours, days or weeks: 12h, 7d or 4w.');
  }
  return { hours: Number(count) * HOURS[unit as keyof typeof HOURS] };
}

/** Creates it and returns the time of its first run, ISO 8601. Throws ScheduleAlreadyRunning. */
export async function startSchedule(client: Client, { id, spec, input }: PlannedSchedule): Promise<string | null> {
  const options: ScheduleOptions = {
    scheduleId: id,
    spec: 'cron' in spec ? { cronExpressions: [spec.cron] } : { intervals: [{ every: `${spec.every.hours}h` }] },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOW_TYPE,
      workflowId: id,
      taskQueue: TASK_QUEUES.orchestrator,
      args: [input],
    },
    policies: {
      overlap: OVERLAP,
      catchupWindow: `${CATCHUP_HOURS}h`,
    },
  };
  const handle = await client.schedule.create(options);
  const [next] = (await handle.describe()).info.nextActionTimes;
  return next?.toISOString() ?? null;
}

export interface Triggered {
  /** Workflow id of the run; null: it waits for the open one, or the server takes its time. */
  readonly started: string | null;
  /** Workflow id of the run that was open before. */
  readonly openRun: string | null;
  readonly input: unknown;
}

/** Starts a run now; after the open one, if there is one. Throws ScheduleNotFoundError. */
export async function triggerSchedule(handle: ScheduleHandle): Promise<Triggered> {
  const before = await handle.describe();
  const openRun = before.info.runningActions.at(-1)?.workflow.workflowId ?? null;
  const input: unknown = before.action.args?.[0];
  // Without it the SDK starts one beside the open run, which refuses it.
  await handle.trigger(OVERLAP);
  if (openRun !== null) return { started: null, openRun, input };
  const giveUpAt = Date.now() + STARTED_WITHIN_MS;
  for (;;) {
    const { info } = await handle.describe();
    const taken = info.numActionsTaken > before.info.numActionsTaken ? info.recentActions.at(-1) : undefined;
    if (taken !== undefined) return { started: taken.action.workflow.workflowId, openRun, input };
    if (Date.now() > giveUpAt) return { started: null, openRun, input };
    await sleep(POLL_MS);
  }
}

/** Those that start redistillations. */
export async function listSchedules(client: Client): Promise<FoundSchedule[]> {
  const found: FoundSchedule[] = [];
  for await (const summary of client.schedule.list()) {
    if (summary.action?.workflowType === WORKFLOW_TYPE) found.push(describe(summary));
  }
  return found;
}

/** The command of the Temporal CLI that creates the same schedule, for a POSIX shell. */
export function createCommand({ id, spec, input }: PlannedSchedule, serverArguments: readonly string[]): string {
  const when = 'cron' in spec ? ['--cron', spec.cron] : ['--interval', `${spec.every.hours}h`];
  const lines = [
    ['temporal', 'schedule', 'create', ...serverArguments],
    ['--schedule-id', id, ...when],
    ['--type', WORKFLOW_TYPE, '--workflow-id', id, '--task-queue', TASK_QUEUES.orchestrator],
    ['--overlap-policy', 'BufferOne', '--catchup-window', `${CATCHUP_HOURS}h`],
    ['--input', JSON.stringify(input)],
  ];
  return lines.map((words) => words.map(quote).join(' ')).join(' \\\n  ');
}

function describe({ scheduleId, state, info }: ScheduleSummary): FoundSchedule {
  return {
    id: scheduleId,
    paused: state.paused,
    next: state.paused ? null : (info.nextActionTimes[0]?.toISOString() ?? null),
    recent: info.recentActions.at(-1)?.takenAt.toISOString() ?? null,
  };
}

function quote(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
