/** One review as its page works on it: hands rows out, takes decisions in, one after another. */
import type {
  DecideRequest,
  QueueName,
  ReviewRecord,
  ReviewRow,
  RowsQuery,
  WithdrawRequest,
} from '../../contracts/index.js';
import { rowsToAudit } from '../exchange.js';
import type { FoundReview } from '../find-review.js';
import { blindRow, shownRow, tableRows, waitingRows } from './desk-lists.js';
import { overviewOf } from './desk-overview.js';
import { DeskState } from './desk-state.js';
import { summarise } from './desk-summary.js';
import { Leases } from './leases.js';
import type { Conflict, Overview, PageRow, QueueAnswer, RowsAnswer, Summary, Written } from './page-api.js';
import { clippedRow } from './shown-text.js';

/** What was asked for can't be done; the message is for the reviewer. */
export class DeskRefusal extends Error {
  override readonly name = 'DeskRefusal';
  constructor(
    message: string,
    readonly status: 400 | 404,
  ) {
    super(message);
  }
}

/** Rows that are handed out at once, and the characters after which no more are: texts and reasons may be long. */
const BATCH = 20;
const BATCH_CHARACTERS = 60_000;

export class ReviewDesk {
  /** A text of the audit may be in somebody's hands from the fix queue yet: its turn does not wait for that. */
  private readonly leases: Readonly<Record<'fix' | 'audit', Leases>>;
  /** Ends when all before has ended: writes go one by one. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly state: DeskState,
    private readonly now: () => Date,
  ) {
    this.leases = { fix: new Leases(now), audit: new Leases(now) };
  }

  static async open(found: FoundReview, now: () => Date): Promise<ReviewDesk> {
    return new ReviewDesk(await DeskState.open(found), now);
  }

  get rankedAt(): string {
    return this.state.queue.rankedAt;
  }

  /** Not all rows are read yet: there are an overview and the beginning of the fix queue. */
  get reading(): boolean {
    return this.state.reading;
  }

  /** Resolves when all rows are read, as soon as may be. */
  whole(): Promise<void> {
    return this.state.whole();
  }

  /** The same, but in its own time. */
  get loaded(): Promise<void> {
    return this.state.loaded;
  }

  /** Takes over what was written beside this server. */
  refresh(): Promise<void> {
    return this.inTurn(() => this.state.sync());
  }

  overview(reviewer: string): Overview {
    return overviewOf(this.state, reviewer);
  }

  table(query: RowsQuery): RowsAnswer {
    return tableRows(this.state, query);
  }

  /** The next rows of a queue, but for those that are in another reviewer's hands just now. What people differ on is seldom
   *  much, and shown to everybody; an opinion of their own is wanted of each. */
  handOut(queue: QueueName, after: number, reviewer: string): QueueAnswer {
    const rows: PageRow[] = [];
    const leases = queue === 'fix' || queue === 'audit' ? this.leases[queue] : null;
    const shownAs = queue === 'again' ? blindRow : shownRow;
    let [last, characters] = [after, 0];
    for (const { place, row } of waitingRows(this.state, { queue, after, reviewer })) {
      if (leases?.isFree(row.key, reviewer) === false) continue;
      if (rows.length === BATCH || characters > BATCH_CHARACTERS) return { rows, next: last };
      const shown = clippedRow(shownAs(this.state, row));
      rows.push(shown);
      characters += JSON.stringify(shown).length;
      last = place;
      leases?.take(row.key, reviewer);
    }
    return { rows, next: null };
  }

  /** With its whole text. Throws DeskRefusal. */
  row(key: string): PageRow {
    return shownRow(this.state, this.known(key));
  }

  /** Journaled when it resolves. Throws DeskRefusal. */
  decide({ adjudicates, key, label, sample, version }: DecideRequest, reviewer: string): Promise<Written | Conflict> {
    return this.inTurn(async () => {
      const { state } = this;
      await state.sync();
      const { id } = this.known(key);
      if (!state.queue.labels.some(({ name }) => name === label)) {
        throw new DeskRefusal(`the task has no label ${JSON.stringify(label.slice(0, 100))}`, 400);
      }
      const standing = state.log.standing(key);
      const settles = adjudicates ? { adjudicates } : {};
      // Sent again because the answer was lost: nothing new.
      if (standing?.reviewer === reviewer && standing.label === label && standing.adjudicates === settles.adjudicates) {
        return this.written(key, reviewer);
      }
      if (version !== state.log.history(key).length) return { conflict: true, row: this.row(key) };
      if (adjudicates && !state.log.disputed().has(key)) {
        throw new DeskRefusal('people do not differ about the text: there is nothing to settle', 400);
      }
      if (sample === 'fix' && state.kept.has(key) && standing === null) {
        throw new DeskRefusal('the text belongs to the audit now: decide on it there', 400);
      }
      if (sample === 'audit' && !state.audit?.keys.includes(key)) {
        throw new DeskRefusal('the text is not in the audit', 400);
      }
      await this.append({ key, id, label, purpose: standing?.purpose ?? sample, reviewer, ...settles });
      return this.written(key, reviewer);
    });
  }

  /** Takes the reviewer's own last decision back; what stood before stands again. Throws DeskRefusal. */
  withdraw({ key, version }: WithdrawRequest, reviewer: string): Promise<Written | Conflict> {
    return this.inTurn(async () => {
      const { state } = this;
      await state.sync();
      const { id } = this.known(key);
      const history = state.log.history(key);
      const newest = history.at(-1);
      if (newest?.label === null && newest.reviewer === reviewer && version === history.length - 1) {
        return this.written(key, reviewer);
      }
      if (version !== history.length) return { conflict: true, row: this.row(key) };
      const own = state.log.opinions(key).get(reviewer);
      if (own === undefined) throw new DeskRefusal('you have decided nothing on this text', 400);
      await this.append({ key, id, label: null, purpose: own.purpose, reviewer });
      return this.written(key, reviewer);
    });
  }

  /** Draws the audit, once a run. */
  draw(reviewer: string): Promise<Overview> {
    return this.inTurn(async () => {
      const { state } = this;
      await state.sync();
      if (state.audit === null) {
        await rowsToAudit(state.found.review, { count: 1, reviewer, at: this.now() });
        await state.load();
      }
      return this.overview(reviewer);
    });
  }

  summary(): Summary {
    const { audit, log, queue, rows } = this.state;
    const names = queue.labels.map(({ name }) => name);
    const sampled = this.overview('').audit?.certificate?.sampled ?? 0;
    return summarise({ names, rows, log, audit, sampled, confidence: queue.confidence });
  }

  /** What the labels gate takes as corrections; null: nobody has decided on anything. */
  async corrections(): Promise<string | null> {
    await this.refresh();
    const { decisions, found } = this.state;
    if (decisions.size === 0) return null;
    return `store:${await found.review.writeCorrections(decisions.values())}`;
  }

  async close(): Promise<void> {
    await this.last.catch(() => undefined);
    await this.state.journal.close();
  }

  private written(key: string, reviewer: string): Written {
    for (const leases of Object.values(this.leases)) leases.release(key);
    return { row: clippedRow(this.row(key)), overview: this.overview(reviewer) };
  }

  /** A clock that went back does not put a decision before those that it replaces. */
  private async append(said: Omit<ReviewRecord, 'at'>): Promise<void> {
    const newest = Date.parse(this.state.log.history(said.key).at(-1)?.at ?? '1970-01-01');
    const at = new Date(Math.max(this.now().getTime(), newest)).toISOString();
    await this.state.journal.append({ ...said, at });
  }

  private known(key: string): ReviewRow {
    const row = this.state.row(key);
    if (row === null) throw new DeskRefusal('the page does not show such a text', 404);
    return row;
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.last.then(work, work);
    this.last = turn;
    return turn;
  }
}
