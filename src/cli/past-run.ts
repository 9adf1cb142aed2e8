/** Runs that the server has forgotten (the local one keeps them for a day): how they ended stands in the store. */
import { RunOutcome } from '../contracts/index.js';
import { openStore, type Store } from '../store/index.js';

const OUTCOME = /^runs\/[^/]+\/[^/]+\/outcome\.json$/;

/** How each run of the store ended. */
export async function* pastRuns(storeLocation: string): AsyncGenerator<RunOutcome> {
  yield* outcomesIn(await openStore(storeLocation));
}

async function* outcomesIn(store: Store): AsyncGenerator<RunOutcome> {
  for (const path of await store.list('runs')) {
    if (!OUTCOME.test(path)) continue;
    yield RunOutcome.parse(JSON.parse(Buffer.from(await store.read(path)).toString('utf8')));
  }
}

/** The last outcome of a run of this name in the store, or null. */
export async function pastRun(storeLocation: string, workflowId: string): Promise<RunOutcome | null> {
  return newestOutcome(await openStore(storeLocation), workflowId);
}

export async function newestOutcome(store: Store, workflowId: string): Promise<RunOutcome | null> {
  let last: RunOutcome | null = null;
  for await (const outcome of outcomesIn(store)) {
    if (outcome.run.workflowId === workflowId && (last === null || outcome.endedAt > last.endedAt)) last = outcome;
  }
  return last;
}
