/** The audit log as one server of the page keeps it: its own journal, and what others write beside it. */
import type { ReviewRecord } from '../../contracts/index.js';
import type { Journal } from '../../store/index.js';
import { JOURNAL_END, type ReviewFolder } from '../review-folder.js';
import { ReviewLog } from '../review-log.js';

export class DeskLog {
  readonly log = new ReviewLog();
  /** Records taken from each file of others. */
  private readonly taken = new Map<string, number>();
  private own: { readonly name: string; readonly journal: Journal; records: number } | null = null;

  constructor(private readonly review: ReviewFolder) {}

  /** Takes over what others have written since: imports, which never grow, and journals of other servers. */
  async sync(): Promise<void> {
    for (const file of await this.review.decisionFiles()) {
      if (file === this.own?.name) continue;
      const taken = this.taken.get(file);
      if (taken !== undefined && !file.endsWith(JOURNAL_END)) continue;
      const records = await this.review.records(file, taken);
      for (const record of records) this.log.add(record);
      this.taken.set(file, (taken ?? 0) + records.length);
    }
  }

  /** Resolves when the record outlives this process. */
  async append(record: ReviewRecord): Promise<void> {
    this.own ??= { ...(await this.review.openJournal(new Date(record.at))), records: 0 };
    const { journal, name, records } = this.own;
    try {
      await journal.append(JSON.stringify(record));
    } catch (error) {
      // A journal that failed once takes nothing more; the next record tries another. What reached the disk of this one
      // counts like another server's, but for the records that are in the log already.
      this.taken.set(name, records);
      this.own = null;
      throw error;
    }
    this.own.records++;
    this.log.add(record);
  }

  async close(): Promise<void> {
    if (this.own === null) return;
    const { journal, name, records } = this.own;
    this.taken.set(name, records);
    this.own = null;
    await journal.close();
  }
}
