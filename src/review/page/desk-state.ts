/** What one review is just now, held in memory: its rows, its audit, and what people said. */
import type { Audit, ReviewDecision, ReviewRow } from '../../contracts/index.js';
import { keptForAudit, usualAuditSize } from '../audit.js';
import type { FoundReview } from '../find-review.js';
import type { ReviewLog } from '../review-log.js';
import { AuditGoals } from './audit-goals.js';
import { DeskLog } from './desk-log.js';
import { DeskRows } from './desk-rows.js';
import type { Sample } from './page-api.js';

/** More texts of the audit than these are not shown one by one. */
const AUDIT_HELD = 5_000;
/** Between the first rows and the others, unless somebody asks for what needs them. */
const PAUSE_MS = 1_000;
const NONE: ReadonlySet<string> = new Set();

export class DeskState {
  readonly journal: DeskLog;
  readonly goals = new AuditGoals();
  rows!: DeskRows;
  audit: Audit | null = null;
  /** Why these are not the labels that the run has, in words; null: they are. */
  outdated: string | null = null;
  private usualAudit = 0;
  /** Resolves when all rows are read, whenever that is. */
  loaded: Promise<void> = Promise.resolve();
  private isLoaded = false;
  /** Somebody needs all rows. */
  private hurried = false;
  private onHurry: () => void = () => {};
  /** What `kept` was for these decisions. */
  private keptFor: { readonly decisions: object; readonly keys: ReadonlySet<string> } | null = null;

  private constructor(readonly found: FoundReview) {
    this.journal = new DeskLog(found.review);
  }

  /** Once the most doubtful rows are read: the others follow. */
  static async open(found: FoundReview): Promise<DeskState> {
    const state = new DeskState(found);
    await state.journal.sync();
    state.outdated = await found.review.outdated(found.queue);
    await new Promise<void>((resolve, reject) => {
      state.loaded = state.load(resolve);
      state.loaded.then(resolve, reject);
    });
    return state;
  }

  /** Not all rows are read yet: what follows from labels is not known. */
  get reading(): boolean {
    return !this.isLoaded;
  }

  /** Resolves when all rows are read, as soon as may be. */
  whole(): Promise<void> {
    this.hurried = true;
    this.onHurry();
    return this.loaded;
  }

  get queue(): FoundReview['queue'] {
    return this.found.queue;
  }

  get log(): ReviewLog {
    return this.journal.log;
  }

  /** The decision that counts for each text, oldest first. */
  get decisions(): ReadonlyMap<string, ReviewDecision> {
    return this.log.decisions();
  }

  /** Keys of texts that nobody fixes, as the audit needs them. */
  get kept(): ReadonlySet<string> {
    if (this.audit === null) return NONE;
    const { decisions } = this;
    if (this.keptFor?.decisions !== decisions) {
      this.keptFor = { decisions, keys: keptForAudit(this.audit, decisions, this.usualAudit) };
    }
    return this.keptFor.keys;
  }

  /** null: the page does not hold the row. */
  row(key: string): ReviewRow | null {
    return this.rows.byKey.get(key) ?? null;
  }

  sampleOf(key: string): Sample {
    return this.decisions.get(key)?.purpose ?? (this.kept.has(key) ? 'audit' : 'fix');
  }

  /** Takes over what was written beside this server. */
  async sync(): Promise<void> {
    await this.journal.sync();
    this.outdated = await this.found.review.outdated(this.queue);
    if (this.reading) return;
    const known = [...this.log.keys()].every((key) => this.rows.byKey.has(key));
    if (!known || (this.audit === null && (await this.readAudit()) !== null)) await this.load();
  }

  /** The audit, and the rows that it and the decisions need. onFirst: called when the most doubtful rows are there. */
  async load(onFirst: () => void = () => {}): Promise<void> {
    this.keptFor = null;
    this.audit = await this.readAudit();
    this.usualAudit = this.audit === null ? 0 : usualAuditSize(this.audit, this.queue.confidence);
    const needed = new Set([...this.log.keys(), ...(this.audit?.keys.slice(0, AUDIT_HELD) ?? [])]);
    this.rows = await DeskRows.load(this.found, needed, async (first) => {
      if (!this.reading) return;
      this.rows = first;
      onFirst();
      await this.pause();
    });
    this.isLoaded = true;
  }

  /** Whoever waits for the first text has the processor. */
  private async pause(): Promise<void> {
    if (this.hurried) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PAUSE_MS).unref();
      this.onHurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private readAudit(): Promise<Audit | null> {
    return this.found.review.audit(this.queue.labelsVersion ?? 0);
  }
}
