/** What the activities need from the process they run in. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import type { Store } from '../store/index.js';

export interface Dependencies {
  /** Store of runs that name none. */
  readonly store: Store;
  readonly env: NodeJS.ProcessEnv;
  /** Workers that ask teachers now, this process included. */
  readonly teacherWorkers: () => number;
}

const HEARTBEAT_EVERY_MS = 1000;

/** Heartbeats while the work goes on. `details` is asked at each beat. The signal ends with the activity's permission to run. */
export async function withHeartbeat<Result>(
  details: () => unknown,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const context = Context.current();
  context.heartbeat(details());
  const timer = setInterval(() => context.heartbeat(details()), HEARTBEAT_EVERY_MS);
  try {
    return await work(context.cancellationSignal);
  } finally {
    clearInterval(timer);
  }
}

/** A local folder that is gone afterwards. */
export async function withTempFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'tutelage-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
