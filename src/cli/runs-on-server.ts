/** What a Temporal server knows of the runs whose folders a store holds: those that were terminated there left no outcome. */
import type { Client } from '@temporalio/client';
import { workflowFolder } from '../store/index.js';

/** Of a run's folder. A date: when it ended. null: the server does not know it, or has forgotten it. */
export type StateOnServer = (folder: string) => Date | 'open' | null;

interface Known {
  open: boolean;
  readonly runIds: Set<string>;
  lastEnd: Date;
}

export async function runsOnServer(client: Client): Promise<StateOnServer> {
  const workflows = new Map<string, Known>();
  for await (const { closeTime, runId, status, workflowId } of client.workflow.list({
    query: 'WorkflowType = "distillation"',
  })) {
    const folder = workflowFolder(workflowId);
    const known = workflows.get(folder) ?? { open: false, runIds: new Set(), lastEnd: new Date(0) };
    known.open ||= status.name === 'RUNNING';
    known.runIds.add(runId);
    if (closeTime !== undefined && closeTime > known.lastEnd) known.lastEnd = closeTime;
    workflows.set(folder, known);
  }
  return (folder) => {
    const slash = folder.lastIndexOf('/');
    const known = workflows.get(folder.slice(0, slash));
    if (known === undefined) return null;
    // The folder is named after the first execution of a chain; which chain one that is open belongs to is not listed.
    if (known.open) return 'open';
    return known.runIds.has(folder.slice(slash + 1)) ? known.lastEnd : null;
  };
}
