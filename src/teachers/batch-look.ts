/** What the provider says of a chunk's open batches. */
import { OWN_TEACHER } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import type { BatchApi } from './batch-api.js';
import { unfinishedParts } from './batch-parts.js';
import { type Patience, patiently } from './batch-patience.js';
import { hasEnded } from './batch-state.js';

export interface OpenBatches {
  /** All have, or it is not known of one whether it was created: the chunk has something to do. */
  readonly ended: boolean;
  readonly batches: number;
  readonly requests: number;
  readonly answered: number;
  /** When the oldest was sent, milliseconds since the epoch. */
  readonly since: number;
  /** When the provider gives up the last of them; null: it does not tell. */
  readonly due: number | null;
}

export async function lookAtBatches(
  store: Store,
  folder: string,
  apiOf: (teacher: string) => { readonly api: BatchApi; readonly patience: Patience },
): Promise<OpenBatches> {
  const seen = { batches: 0, requests: 0, answered: 0, since: Date.now(), due: null as number | null };
  let running = 0;
  let unknown = 0;
  for (const { batch: sent, teacher } of await unfinishedParts(store, folder)) {
    if (sent === null) unknown++;
    if (sent === null) continue;
    const { api, patience } = apiOf(teacher ?? OWN_TEACHER);
    const batch = await patiently(() => api.retrieve(sent.id, patience.signal), patience);
    const { completed = 0, failed = 0, total = 0 } = batch.request_counts ?? {};
    seen.batches++;
    seen.requests += total;
    seen.answered += completed + failed;
    seen.since = Math.min(seen.since, sent.sentAt);
    if (batch.expires_at) seen.due = Math.max(seen.due ?? 0, batch.expires_at * 1000);
    if (!hasEnded(batch)) running++;
  }
  return { ...seen, ended: running === 0 || unknown > 0 };
}
