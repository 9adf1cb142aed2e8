/** Finding reviews in a store: a Temporal server isn't needed. */
import type { ReviewQueue } from '../contracts/index.js';
import { type Store, workflowFolder } from '../store/index.js';
import { ReviewFolder } from './review-folder.js';

export interface FoundReview {
  readonly review: ReviewFolder;
  readonly queue: ReviewQueue;
}

/** Of a workflow id that ran several times, the review that was ranked last; null: there is none. */
export async function findReview(store: Store, workflowId: string): Promise<FoundReview | null> {
  return newestIn(store, workflowFolder(workflowId));
}

/** Of each workflow id, the review that was ranked last; the latest of them first. */
export async function findReviews(store: Store): Promise<FoundReview[]> {
  const found: FoundReview[] = [];
  for (const name of await store.names('runs')) {
    const newest = await newestIn(store, `runs/${name}`);
    if (newest !== null) found.push(newest);
  }
  return found.sort((a, b) => (a.queue.rankedAt < b.queue.rankedAt ? 1 : -1));
}

async function newestIn(store: Store, folder: string): Promise<FoundReview | null> {
  let newest: FoundReview | null = null;
  for (const name of await store.names(folder)) {
    const review = new ReviewFolder(store, `${folder}/${name}`);
    const queue = await review.queue();
    if (queue !== null && (newest === null || queue.rankedAt > newest.queue.rankedAt)) newest = { review, queue };
  }
  return newest;
}
