/** Addresses of the page, and of what it asks for. The server reads them, too, so as to name the first ones in the document. */
import type { QueueName } from '../../../contracts/index.js';

export const TABS = ['fix', 'audit', 'again', 'differing', 'table', 'summary', 'gate'] as const;
export type Tab = (typeof TABS)[number];

export interface PageAddress {
  readonly workflowId: string;
  readonly tab: Tab;
  /** Key of the only row that is shown; null: all. */
  readonly row: string | null;
}

/** Where a path leads; null: to the list of runs. */
export function readAddress(path: string): PageAddress | null {
  const [kind, workflowId, tab = 'fix', row] = path.split('/').slice(1).map(decoded);
  if (kind !== 'runs' || !workflowId || !isTab(tab)) return null;
  return { workflowId, tab, row: row ?? null };
}

export function runPath(workflowId: string, ...more: string[]): string {
  return ['/runs', ...[workflowId, ...more].map(encodeURIComponent)].join('/');
}

/** Rows of a queue behind a place. */
export function queuePath(workflowId: string, queue: QueueName, after: number): string {
  return `${runPath(workflowId, 'queues', queue)}?after=${after}`;
}

/** What the page at a path asks for first, below /api. */
export function firstRequests(path: string): string[] {
  const address = readAddress(path);
  if (address === null) return ['/runs'];
  const { row, tab, workflowId } = address;
  const overview = runPath(workflowId);
  if (row !== null) return [overview, runPath(workflowId, 'rows', row)];
  if (isQueue(tab)) return [overview, queuePath(workflowId, tab, 0)];
  return tab === 'table' ? [overview] : [overview, runPath(workflowId, tab)];
}

function isTab(name: string): name is Tab {
  return (TABS as readonly string[]).includes(name);
}

export function isQueue(tab: Tab): tab is QueueName {
  return tab === 'fix' || tab === 'audit' || tab === 'again' || tab === 'differing';
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
