/** What a Temporal server knows of the runs whose folders a store holds: those that were terminated there left no outcome. */
import type { Client } from '@temporalio/client';
import { workflowFolder } from '../store/index.js';

/** Of a run's folder. A date: when it ended. null: the server does not know it, or has forgotten it. */
export type StateOnServer = (folder: string) => Date | 'open' | null;

interface Known {
  /** First executions of the chains that are open, as their folders are named; null: of a server that does not tell it. */
  readonly open: Set<string | null>;
  readonly runIds: Set<string>;
  lastEnd: Date;
}

export async function runsOnServer(client: Client): Promise<StateOnServer> {
  const workflows = new Map<string, Known>();
  for await (const { closeTime, runId, status, workflowId } of client.workflow.list({
    query: 'WorkflowType = "distillation"',
  })) {
    const folder = workflowFolder(workflowId);
    const known = workflows.get(folder) ?? { open: new Set(), runIds: new Set(), lastEnd: new Date(0) };
    if (status.name === 'RUNNING') known.open.add(await firstRunOf(client, workflowId, runId));
    known.runIds.add(runId);
    if (closeTime !== undefined && closeTime > known.lastEnd) known.lastEnd = closeTime;
    workflows.set(folder, known);
  }
  return (folder) => {
    const slash = folder.lastIndexOf('/');
    const known = workflows.get(folder.slice(0, slash));
    if (known === undefined) return null;
    const run = folder.slice(slash + 1);
    if (known.open.has(run) || known.open.has(null)) return 'open';
    return known.runIds.has(run) ? known.lastEnd : null;
  };
}

/** Of the chain that an execution belongs to. It is not listed. */
async function firstRunOf(client: Client, workflowId: string, runId: string): Promise<string | null> {
  const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
  return raw.workflowExecutionInfo?.firstRunId || null;
}
