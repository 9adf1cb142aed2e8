/** The review of a run, found in the store: a Temporal server isn't needed. */
import { findReview, type ReviewFolder } from '../review/index.js';
import { SetupError } from '../temporal/index.js';
import { openExistingStore } from './existing-store.js';

/** Of a workflow id that ran several times, the review that was ranked last. Throws SetupError when there is none. */
export async function openReview(workflowId: string, storeFlag: string | undefined): Promise<ReviewFolder> {
  const found = await findReview(await openExistingStore(storeFlag), workflowId);
  if (found !== null) return found.review;
  throw new SetupError(
    `the store has no review queue of ${workflowId}`,
    'It is made when the votes are counted and a person is to decide. See where the run is by tutelage watch, or give the right --store.',
  );
}
