/** One review as its page works on it: hands rows out, takes decisions in, one after another. */
import type {
  Audit,
  Certificate,
  DecideRequest,
  ReviewDecision,
  ReviewRecord,
  ReviewRow,
  RowsQuery,
  WithdrawRequest,
} from '../../contracts/index.js';
import { certify, keptForAudit, usualAuditSize } from '../audit.js';
import { suggestedFixes } from '../doubt-queue.js';
import { rowsToAudit } from '../exchange.js';
import type { FoundReview } from '../find-review.js';
import { DeskLog } from './desk-log.js';
import { DeskRows } from './desk-rows.js';
import { summarise } from './desk-summary.js';
import { Leases } from './leases.js';
import type { Conflict, Overview, PageRow, RowsAnswer, Sample, Summary, Written } from './page-api.js';
import { auditState, clippedRow, fits } from './shown-row.js';

interface Placed {
  readonly row: ReviewRow;
  readonly sample: Sample;
  readonly place: number;
}

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

export class ReviewDesk {
  private readonly log: DeskLog;
  private rows!: DeskRows;
  private audit: Audit | null = null;
  private usualAudit = 0;
  private readonly leases: Leases;
  /** Ends when all before has ended: writes go one by one. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly found: FoundReview,
    private readonly now: () => Date,
  ) {
    this.log = new DeskLog(found.review);
    this.leases = new Leases(now);
  }

  static async open(found: FoundReview, now: () => Date): Promise<ReviewDesk> {
    const desk = new ReviewDesk(found, now);
    await desk.log.sync();
    await desk.load();
    return desk;
  }

  get rankedAt(): string {
    return this.found.queue.rankedAt;
  }

  /** Takes over what was written beside this server. */
  refresh(): Promise<void> {
    return this.inTurn(() => this.sync());
  }

  overview(reviewer: string): Overview {
    const { confidence, guideline, labels, task, texts, workflowId } = this.found.queue;
    const decisions = this.log.log.decisions();
    const byReviewer: Record<string, number> = {};
    let [fixed, changed, fixTexts] = [0, 0, this.rows.doubtful.length];
    let undoable: ReviewDecision | null = null;
    for (const decision of decisions.values()) {
      byReviewer[decision.reviewer] = (byReviewer[decision.reviewer] ?? 0) + 1;
      if (decision.reviewer === reviewer) undoable = decision;
      if (decision.purpose === 'fix') fixed++;
      if (decision.label !== this.rows.byKey.get(decision.key)?.label) changed++;
    }
    const kept = this.kept();
    for (const { key } of this.rows.doubtful) {
      if (kept.has(key) || decisions.get(key)?.purpose === 'audit') fixTexts--;
    }
    return {
      workflowId,
      task,
      reviewer,
      labels: labels.map(({ name, description }) => ({ name, description })),
      guideline: guideline ?? '',
      texts,
      shown: this.rows.doubtful.length,
      confidence,
      fix: { texts: fixTexts, decided: fixed, changed, suggested: suggestedFixes(texts) },
      audit: this.audit && auditState(this.audit, { decisions, certificate: this.certificate(), confidence }),
      byReviewer,
      differing: this.differing(),
      undoable: undoable && {
        key: undoable.key,
        id: undoable.id,
        sample: undoable.purpose,
        version: this.log.log.history(undoable.key).length,
      },
    };
  }

  /** Of a sample's open rows, those that are handed to another reviewer just now are left out. */
  listRows(query: RowsQuery, reviewer: string): RowsAnswer {
    const { log } = this.log;
    const handingOut = query.sample !== undefined && query.state === 'open';
    const all = this.inOrder(query.sample).filter(({ row, sample }) => {
      const decision = log.standing(row.key);
      // To be found by its label would tell the label that the audit hides.
      if (sample === 'audit' && decision === null && query.label !== undefined) return false;
      return fits({ row, decision, opinions: log.opinions(row.key) }, query);
    });
    const free = handingOut ? all.filter(({ row }) => this.leases.isFree(row.key, reviewer)) : all;
    const behind = query.after === undefined ? free : free.filter(({ place }) => place > query.after!);
    const rows = behind.slice(query.offset, query.offset + query.limit);
    if (handingOut) for (const { row } of rows) this.leases.take(row.key, reviewer);
    return { rows: rows.map((placed) => clippedRow(this.shown(placed))), total: all.length };
  }

  /** With its whole text. Throws DeskRefusal. */
  row(key: string): PageRow {
    const kept = this.kept();
    const decision = this.log.log.standing(key);
    const sample: Sample = decision?.purpose ?? (kept.has(key) ? 'audit' : 'fix');
    return this.shown({ row: this.known(key), sample, place: this.placeOf(key, sample) });
  }

  /** Journaled when it resolves. Throws DeskRefusal. */
  decide({ key, label, sample, version }: DecideRequest, reviewer: string): Promise<Written | Conflict> {
    return this.inTurn(async () => {
      await this.sync();
      const row = this.known(key);
      if (!this.found.queue.labels.some(({ name }) => name === label)) {
        throw new DeskRefusal(`the task has no label ${JSON.stringify(label.slice(0, 100))}`, 400);
      }
      const inAudit = this.kept().has(key);
      const standing = this.log.log.standing(key);
      // Sent again because the answer was lost: nothing new.
      if (standing?.reviewer === reviewer && standing.label === label) return this.written(key, reviewer);
      if (version !== this.log.log.history(key).length) return { conflict: true, row: this.row(key) };
      if (sample === 'fix' && inAudit && standing === null) {
        throw new DeskRefusal('the text belongs to the audit now: decide on it there', 400);
      }
      if (sample === 'audit' && !this.audit?.keys.includes(key)) {
        throw new DeskRefusal('the text is not in the audit', 400);
      }
      const purpose = standing?.purpose ?? sample;
      await this.append({ key, id: row.id, label, purpose, reviewer });
      return this.written(key, reviewer);
    });
  }

  /** Takes the reviewer's own last decision back; what stood before stands again. Throws DeskRefusal. */
  withdraw({ key, version }: WithdrawRequest, reviewer: string): Promise<Written | Conflict> {
    return this.inTurn(async () => {
      await this.sync();
      const { id } = this.known(key);
      const history = this.log.log.history(key);
      const newest = history.at(-1);
      if (newest?.label === null && newest.reviewer === reviewer && version === history.length - 1) {
        return this.written(key, reviewer);
      }
      if (version !== history.length) return { conflict: true, row: this.row(key) };
      const own = this.log.log.opinions(key).get(reviewer);
      if (own === undefined) throw new DeskRefusal('you have decided nothing on this text', 400);
      await this.append({ key, id, label: null, purpose: own.purpose, reviewer });
      return this.written(key, reviewer);
    });
  }

  /** Draws the audit, once a run. */
  draw(reviewer: string): Promise<Overview> {
    return this.inTurn(async () => {
      await this.sync();
      if (this.audit === null) {
        await rowsToAudit(this.found.review, { count: 1, reviewer, at: this.now() });
        await this.load();
      }
      return this.overview(reviewer);
    });
  }

  summary(): Summary {
    const { labels } = this.found.queue;
    return summarise({
      names: labels.map(({ name }) => name),
      rows: this.rows,
      log: this.log.log,
      audit: this.audit,
      confidence: this.found.queue.confidence,
    });
  }

  /** What the labels gate takes as corrections; null: nobody has decided on anything. */
  async corrections(): Promise<string | null> {
    await this.refresh();
    const decisions = this.log.log.decisions();
    if (decisions.size === 0) return null;
    return `store:${await this.found.review.writeCorrections(decisions.values())}`;
  }

  async close(): Promise<void> {
    await this.last.catch(() => undefined);
    await this.log.close();
  }

  private written(key: string, reviewer: string): Written {
    this.leases.release(key);
    return { row: clippedRow(this.row(key)), overview: this.overview(reviewer) };
  }

  /** A clock that went back does not put a decision before those that it replaces. */
  private async append(said: Omit<ReviewRecord, 'at'>): Promise<void> {
    const newest = Date.parse(this.log.log.history(said.key).at(-1)?.at ?? '1970-01-01');
    await this.log.append({ ...said, at: new Date(Math.max(this.now().getTime(), newest)).toISOString() });
  }

  private async sync(): Promise<void> {
    await this.log.sync();
    const known = [...this.log.log.keys()].every((key) => this.rows.byKey.has(key));
    if (!known || (this.audit === null && (await this.readAudit()) !== null)) await this.load();
  }

  private readAudit(): Promise<Audit | null> {
    return this.found.review.audit(this.found.queue.labelsVersion ?? 0);
  }

  private async load(): Promise<void> {
    this.audit = await this.readAudit();
    this.usualAudit = this.audit === null ? 0 : usualAuditSize(this.audit, this.found.queue.confidence);
    const needed = new Set([...this.log.log.keys(), ...(this.audit?.keys.slice(0, AUDIT_HELD) ?? [])]);
    this.rows = await DeskRows.load(this.found, needed);
  }

  /** Rows of a sample in its order; of both: by doubt, without what the audit hides yet. */
  private inOrder(sample: Sample | undefined): Placed[] {
    const decisions = this.log.log.decisions();
    if (sample === 'audit') {
      return (this.audit?.keys ?? []).flatMap((key, index) => {
        const row = this.rows.byKey.get(key);
        // Where it was fixed before its turn came, there is nothing to ask.
        if (row === undefined || decisions.get(key)?.purpose === 'fix') return [];
        return [{ row, sample, place: index + 1 }];
      });
    }
    const kept = this.kept();
    return this.rows.doubtful.flatMap((row, index) => {
      const purpose = decisions.get(row.key)?.purpose;
      if (purpose === undefined && kept.has(row.key)) return [];
      if (sample === 'fix' && purpose === 'audit') return [];
      return [{ row, sample: purpose ?? 'fix', place: index + 1 }];
    });
  }

  private shown({ place, row, sample }: Placed): PageRow {
    const { key, id, text } = row;
    const decision = this.log.log.standing(key);
    const opinions = [...this.log.log.opinions(key).values()];
    const hidden = sample === 'audit' && decision === null;
    return {
      key,
      id,
      sample,
      place,
      text,
      textLength: text.length,
      teacher: hidden ? null : this.teacherOf(row),
      decision: decision && standing(decision),
      opinions: opinions.length > 1 ? opinions.map(standing) : [],
      version: this.log.log.history(key).length,
    };
  }

  private teacherOf({ doubt, label, student, votes, why }: ReviewRow): PageRow['teacher'] {
    const names = this.found.queue.labels.map(({ name }) => name);
    const likeliest = student?.map((probability, index) => ({ label: names[index] ?? '', probability }));
    likeliest?.sort((a, b) => b.probability - a.probability);
    return { label, votes, doubt, why, student: likeliest ?? null };
  }

  private placeOf(key: string, sample: Sample): number {
    const place =
      sample === 'audit' ? this.audit?.keys.indexOf(key) : this.rows.doubtful.findIndex((row) => row.key === key);
    return (place ?? -1) + 1;
  }

  private known(key: string): ReviewRow {
    const row = this.rows.byKey.get(key);
    if (row === undefined) throw new DeskRefusal('the page does not show such a text', 404);
    return row;
  }

  private kept(): ReadonlySet<string> {
    if (this.audit === null) return NONE;
    return keptForAudit(this.audit, this.log.log.decisions(), this.usualAudit);
  }

  private certificate(): Certificate | null {
    if (this.audit === null) return null;
    const decisions = this.log.log.decisions();
    const teacherLabels = new Map<string, string>();
    let labels = this.found.queue.texts - (this.rows.perLabel.get(null) ?? 0);
    for (const { key, label } of this.rows.byKey.values()) {
      if (label !== null) teacherLabels.set(key, label);
      else if (decisions.has(key)) labels++;
    }
    const { confidence } = this.found.queue;
    const disputed = this.log.log.disputed();
    return certify({ audit: this.audit, decisions, disputed, teacherLabels, labels, confidence });
  }

  private differing(): number {
    let count = 0;
    for (const key of this.log.log.keys()) {
      const labels = new Set([...this.log.log.opinions(key).values()].map(({ label }) => label));
      if (labels.size > 1) count++;
    }
    return count;
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.last.then(work, work);
    this.last = turn;
    return turn;
  }
}

const NONE: ReadonlySet<string> = new Set();
/** More texts of the audit than these are not shown one by one. */
const AUDIT_HELD = 5_000;

function standing({ at, label, reviewer }: ReviewDecision) {
  return { at, label, reviewer };
}
