/** One review in the browser: what the server last said of it, and the decisions on their way. */
import type { DecideRequest } from '../../../contracts/index.js';
import type { Overview, PageRow, Written } from '../page-api.js';
import { runPath } from './addresses.js';
import { get, post, RefusedError } from './api.js';
import { type Entry, Outbox } from './outbox.js';

/** What the views want to hear of. */
export interface ReviewListener {
  /** Numbers, the bound, who decided how much. */
  overviewChanged(): void;
  /** A row as the server has it now. */
  rowChanged(row: PageRow): void;
  conflict(entry: Entry, row: PageRow): void;
  refused(problem: string): void;
  /** Decisions that the server does not have yet, and why. */
  waiting(count: number, problem: string | null): void;
}

/** Between two looks at figures that are not known yet. */
const LOOK_MS = 300;

export class ReviewState {
  private readonly outbox: Outbox;
  listener: ReviewListener | null = null;
  waitingNow: { count: number; problem: string | null } = { count: 0, problem: null };

  private constructor(public overview: Overview) {
    this.outbox = new Outbox(overview.workflowId, overview.reviewer, {
      written: (answer) => this.take(answer),
      conflict: (entry, row) => this.listener?.conflict(entry, row),
      refused: (_, problem) => this.listener?.refused(problem),
      waiting: (count, problem) => {
        this.waitingNow = { count, problem };
        this.listener?.waiting(count, problem);
      },
    });
    if (overview.reading) this.lookLater();
  }

  static async open(workflowId: string): Promise<ReviewState> {
    return new ReviewState(await get<Overview>(runPath(workflowId)));
  }

  get pending(): number {
    return this.outbox.size;
  }

  async refresh(): Promise<void> {
    this.overview = await get<Overview>(runPath(this.overview.workflowId));
    this.listener?.overviewChanged();
  }

  private lookLater(): void {
    const again = () => {
      if (this.overview.reading) this.lookLater();
    };
    setTimeout(() => this.refresh().then(again, again), LOOK_MS);
  }

  decide(request: DecideRequest): void {
    this.outbox.send(request);
  }

  /** Takes the reviewer's last decision back. Returns its row; null: there is none, or somebody was faster. */
  async undo(): Promise<PageRow | null> {
    await this.outbox.empty();
    const { undoable, workflowId } = this.overview;
    if (undoable === null) return null;
    const { key, version } = undoable;
    try {
      const answer = await post<Written>(runPath(workflowId, 'withdraw'), { key, version });
      this.take(answer);
      return answer.row;
    } catch (error) {
      if (!(error instanceof RefusedError) || error.status !== 409) throw error;
      await this.refresh();
      return null;
    }
  }

  async drawAudit(): Promise<void> {
    this.overview = await post<Overview>(runPath(this.overview.workflowId, 'audit'));
    this.listener?.overviewChanged();
  }

  private take({ overview, row }: Written): void {
    this.overview = overview;
    this.listener?.rowChanged(row);
    this.listener?.overviewChanged();
  }
}
