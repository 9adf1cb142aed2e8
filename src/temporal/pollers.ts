/** Who polls our task queues. */
import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { TASK_QUEUES, WorkerRole } from '../contracts/index.js';
import { markProcess } from './process-mark.js';

/** The server lists a poller for five minutes after its last poll; one poll lasts a minute at most. */
const LIVE_POLL_MS = 90_000;

/** How a worker calls itself towards the server. */
export function workerIdentity(role: WorkerRole): string {
  return `tutelage-${role}:${process.pid}@${hostname()}`;
}

/** Workers that poll each role's queue. Dead ones of this machine are not counted; dead ones elsewhere are for 90 s. */
export async function countPollers(client: Client): Promise<Record<WorkerRole, number>> {
  const counts = await Promise.all(
    WorkerRole.options.map(async (role) => [role, await countRole(client, role)] as const),
  );
  return Object.fromEntries(counts) as Record<WorkerRole, number>;
}

async function countRole(client: Client, role: WorkerRole): Promise<number> {
  const { TaskQueueType } = proto.temporal.api.enums.v1;
  const { pollers } = await client.connection.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: TASK_QUEUES[role] },
    taskQueueType:
      role === 'orchestrator' ? TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW : TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
  });
  return (pollers ?? []).filter(({ identity, lastAccessTime }) => {
    const lastMs = Number(lastAccessTime?.seconds ?? 0) * 1000;
    return Date.now() - lastMs < LIVE_POLL_MS && !isDeadHere(identity ?? '');
  }).length;
}

function isDeadHere(identity: string): boolean {
  const [, pid, host] = /:(\d+)@(.+)$/.exec(identity) ?? [];
  return host === hostname() && markProcess(Number(pid)) === null;
}
