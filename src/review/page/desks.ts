/** The reviews that are open on the page, each read once. */
import type { Store } from '../../store/index.js';
import { type FoundReview, findReview, findReviews } from '../find-review.js';
import { ReviewDesk } from './review-desk.js';

export class Desks {
  private readonly opened = new Map<string, Promise<ReviewDesk>>();

  constructor(
    private readonly store: Store,
    private readonly now: () => Date,
  ) {}

  /** Up to date with the store. null: the run has no review. */
  async open(workflowId: string): Promise<ReviewDesk | null> {
    const desk = await this.openFirst(workflowId);
    if (!desk?.reading) return desk;
    await desk.whole();
    await desk.refresh();
    return desk;
  }

  /** The same, but as soon as the most doubtful rows are read. */
  async openFirst(workflowId: string): Promise<ReviewDesk | null> {
    const found = await this.find(workflowId);
    if (found === null) return null;
    const before = await this.opened.get(workflowId)?.catch(() => null);
    // The workflow id has run again, or a revision has changed its labels: it has another queue.
    if (before && before.rankedAt !== found.queue.rankedAt) {
      this.opened.delete(workflowId);
      await before.close();
    }
    const desk = await this.deskFor(workflowId, found);
    await desk.refresh();
    return desk;
  }

  /** As it is in the store. null: the run has no review. */
  find(workflowId: string): Promise<FoundReview | null> {
    return findReview(this.store, workflowId);
  }

  all(): Promise<FoundReview[]> {
    return findReviews(this.store);
  }

  async close(): Promise<void> {
    const desks = await Promise.allSettled(this.opened.values());
    for (const desk of desks) if (desk.status === 'fulfilled') await desk.value.close();
  }

  private deskFor(workflowId: string, found: FoundReview): Promise<ReviewDesk> {
    let desk = this.opened.get(workflowId);
    if (desk === undefined) {
      desk = ReviewDesk.open(found, this.now);
      this.opened.set(workflowId, desk);
      desk.then(({ loaded }) => loaded).catch(() => this.opened.delete(workflowId));
    }
    return desk;
  }
}
