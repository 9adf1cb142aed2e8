/** Who polls our task queues. */
import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
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

/** Workers that poll each role's queue, but for these processes of this machine. Dead ones of this machine are not counted; dead
 *  ones elsewhere are for 90 s. */
export async function countPollers(
  client: Client,
  but: ReadonlySet<number> = new Set(),
): Promise<Record<WorkerRole, number>> {
  const countRole = async (role: WorkerRole) => {
    const polls = await pollsOf(client, role);
    const others = polls.filter(({ identity }) => !but.has(pidHere(identity) ?? 0));
    return [role, countLive(others, Date.now())] as const;
  };
  return Object.fromEntries(await Promise.all(WorkerRole.options.map(countRole))) as Record<WorkerRole, number>;
}

function countLive(polls: readonly Poll[], nowMs: number): number {
  return polls.filter(({ atMs, identity }) => nowMs - atMs < LIVE_POLL_MS && !isDeadHere(identity)).length;
}

async function pollsOf(client: Client, role: WorkerRole): Promise<Poll[]> {
  // Whoever has a client has loaded it.
  const { default: proto } = await import('@temporalio/proto');
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
  const pid = pidHere(identity);
  return pid !== null && markProcess(pid) === null;
}

/** null: a worker of another machine. */
function pidHere(identity: string): number | null {
  const [, pid, host] = /:(\d+)@(.+)$/.exec(identity) ?? [];
  return host === hostname() ? Number(pid) : null;
}
