/** Where the review page is: several servers may serve it, and each speaks for itself. Pure. */
import type { ReviewNews } from '../contracts/index.js';

/** One that was killed never says that it is gone. */
const MOST = 10;

export class ReviewPages {
  /** The one that told something last comes last. */
  private served: readonly string[] = [];

  /** The news, with the page that people are sent to: of those that have not gone, the one that told something last. */
  take(news: ReviewNews): ReviewNews {
    const others = this.served.filter((page) => page !== news.page && page !== news.gone);
    this.served = (news.page === null ? others : [...others, news.page]).slice(-MOST);
    return { ...news, page: this.served.at(-1) ?? null };
  }
}
