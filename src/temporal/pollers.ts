/** Who polls our task queues. */
import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { TASK_QUEUES, WorkerRole } from '../contracts/index.js';
import { markProcess } from './process-mark.js';

/** The server lists a poller for five minutes after its last poll; one poll lasts a minute at most. */
const LIVE_POLL_MS = 90_000;

/** A worker's last poll; milliseconds since the epoch, by the server's clock. */
interface Poll {
  readonly identity: string;
  readonly atMs: number;
}

/** How a worker calls itself towards the server. */
export function workerIdentity(role: WorkerRole): string {
  return `tutelage-${role}:${process.pid}@${hostname()}`;
}

/** Workers that ask teachers, at least one. The newest poll stands for the present, since clocks differ. */
export async function countTeacherWorkers(client: Client): Promise<number> {
  const polls = await pollsOf(client, 'teacher');
  const newestMs = Math.max(...polls.map(({ atMs }) => atMs));
  return Math.max(1, countLive(polls, newestMs));
}

/** Workers that poll each role's queue. Dead ones of this machine are not counted; dead ones elsewhere are for 90 s. */
export async function countPollers(client: Client): Promise<Record<WorkerRole, number>> {
  const counts = await Promise.all(
    WorkerRole.options.map(async (role) => [role, await countRole(client, role)] as const),
  );
  return Object.fromEntries(counts) as Record<WorkerRole, number>;
}

async function countRole(client: Client, role: WorkerRole): Promise<number> {
  return countLive(await pollsOf(client, role), Date.now());
}

function countLive(polls: readonly Poll[], nowMs: number): number {
  return polls.filter(({ atMs, identity }) => nowMs - atMs < LIVE_POLL_MS && !isDeadHere(identity)).length;
}

async function pollsOf(client: Client, role: WorkerRole): Promise<Poll[]> {
  const { TaskQueueType } = proto.temporal.api.enums.v1;
  const { pollers } = await client.connection.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: TASK_QUEUES[role] },
    taskQueueType:
      role === 'orchestrator' ? TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW : TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
  });
  return (pollers ?? []).map(({ identity, lastAccessTime }) => ({
    identity: identity ?? '',
    atMs: Number(lastAccessTime?.seconds ?? 0) * 1000,
  }));
}

function isDeadHere(identity: string): boolean {
  const [, pid, host] = /:(\d+)@(.+)$/.exec(identity) ?? [];
  return host === hostname() && markProcess(Number(pid)) === null;
}
