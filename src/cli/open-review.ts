/** The review of a run, found in the store: a Temporal server isn't needed. */
import { ReviewFolder } from '../review/index.js';
import { workflowFolder } from '../store/index.js';
import { SetupError } from '../temporal/index.js';
import { openExistingStore } from './existing-store.js';

/** Of a workflow id that ran several times, the review that was ranked last. Throws SetupError when there is none. */
export async function openReview(workflowId: string, storeFlag: string | undefined): Promise<ReviewFolder> {
  const store = await openExistingStore(storeFlag);
  const folder = workflowFolder(workflowId);
  let [newest, rankedAt]: [ReviewFolder | null, string] = [null, ''];
  for (const name of await store.names(folder)) {
    const review = new ReviewFolder(store, `${folder}/${name}`);
    const queue = await review.queue();
    if (queue === null || queue.rankedAt <= rankedAt) continue;
    [newest, rankedAt] = [review, queue.rankedAt];
  }
  if (newest !== null) return newest;
  throw new SetupError(
    `the store has no review queue of ${workflowId}`,
    'It is made when the votes are counted and a person is to decide. See where the run is by tutelage watch, or give the right --store.',
  );
}
