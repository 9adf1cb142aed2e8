/** What a run's review leaves in the store: the queue, the audit, and the decisions: a file an import, a journal a server of
 *  the review page. */
import { randomUUID } from 'node:crypto';
import type { ZodType } from 'zod';
import {
  Audit,
  counted,
  GoldDispute,
  LabelRow,
  type ReviewDecision,
  ReviewQueue,
  ReviewRecord,
  ReviewRow,
  RevisionRecord,
  SecondOpinion,
} from '../contracts/index.js';
import { DamagedArtifactError, type Journal, type Store } from '../store/index.js';
import { ReviewLog } from './review-log.js';

/** The queue is of other labels than the run has now. */
export class OutdatedReviewError extends Error {
  override readonly name = 'OutdatedReviewError';
}

/** The run has no review queue. */
export class NoReviewError extends Error {
  override readonly name = 'NoReviewError';
}

/** The review of one run. Decisions are never changed: an import appears whole or not at all, the page only appends, and all
 *  of them together are the audit log. */
export class ReviewFolder {
  private readonly folder: string;

  constructor(
    private readonly store: Store,
    readonly runFolder: string,
  ) {
    this.folder = `${runFolder}/review`;
  }

  async writeQueue(queue: ReviewQueue): Promise<void> {
    await this.store.write(`${this.folder}/queue.json`, JSON.stringify(queue));
  }

  /** Of the queue that is made after this many revisions. */
  rowsPath(revisions = 0): string {
    return `${this.folder}/queue${ofRevision(revisions)}.jsonl`;
  }

  /** null: there is none. */
  async queue(): Promise<ReviewQueue | null> {
    return this.read(`${this.folder}/queue.json`, ReviewQueue);
  }

  async *rows({ rows }: Pick<ReviewQueue, 'rows'>): AsyncGenerator<ReviewRow> {
    for await (const line of this.store.lines(rows.path)) yield ReviewRow.parse(JSON.parse(line));
  }

  /** Of the labels of this version. An audit of others says nothing about them; its decisions stay in the log. */
  async audit(labelsVersion: number): Promise<Audit | null> {
    return this.read(this.auditPath(labelsVersion), Audit);
  }

  /** The audit that stands in the end: of two that are drawn at once, the first. */
  async keepAudit(audit: Audit, labelsVersion: number): Promise<Audit> {
    const first = await this.store.writeOnce(this.auditPath(labelsVersion), JSON.stringify(audit));
    return first ? audit : ((await this.audit(labelsVersion)) as Audit);
  }

  async writeRevision(record: RevisionRecord): Promise<void> {
    const path = `${this.folder}/revisions/${fileNumber(record.number)}.json`;
    await this.store.write(path, `${JSON.stringify(record, null, 2)}\n`);
  }

  /** Of the run, in their order. */
  async revisions(): Promise<RevisionRecord[]> {
    const names = await this.store.names(`${this.folder}/revisions`);
    const read = names.map((name) => this.read(`${this.folder}/revisions/${name}`, RevisionRecord));
    return (await Promise.all(read)).filter((record) => record !== null);
  }

  /** That the guideline was revised since, and what that means for the queue, in words; null: the queue is of the labels that
   *  the run has. */
  async outdated({ revision = 0 }: Pick<ReviewQueue, 'revision'>): Promise<string | null> {
    const newest = (await this.store.names(`${this.folder}/revisions`)).at(-1);
    if (newest === undefined || newest <= `${fileNumber(revision)}.json`) return null;
    const record = (await this.revisions()).at(-1)!;
    const isCounted = await this.store.exists(this.labelsPathOf(record.number));
    const state = isCounted
      ? 'Its labels are counted and not ranked: either that is at work, or it has failed, and the gate says why.'
      : `The teacher is asked about ${counted(record.texts, 'text')} again, and the gate opens anew.`;
    return `These are the labels before revision ${record.number}, by ${record.reviewer}. ${state} What is decided here counts, but nothing is certified.`;
  }

  /** All or none of them, for good when it returns. */
  async addDecisions(decisions: readonly ReviewDecision[], at: Date): Promise<void> {
    const name = `${at.toISOString().replaceAll(':', '')}-${randomUUID()}.jsonl`;
    const lines = decisions.map((decision) => `${JSON.stringify(decision)}\n`);
    await this.store.writeOnce(`${this.folder}/decisions/${name}`, lines.join(''));
  }

  /** A journal for the decisions that come one by one, in a file of its own. */
  async openJournal(at: Date): Promise<{ name: string; journal: Journal }> {
    const name = `${at.toISOString().replaceAll(':', '')}-${randomUUID()}${JOURNAL_END}`;
    return { name, journal: await this.store.journal(`${this.folder}/decisions/${name}`) };
  }

  /** Nobody has decided on anything, nor drawn the audit of this version of the labels. */
  async isUntouched(labelsVersion: number): Promise<boolean> {
    return (await this.decisionFiles()).length === 0 && !(await this.store.exists(this.auditPath(labelsVersion)));
  }

  /** Names of the files that hold decisions. One that grows yet ends in JOURNAL_END. */
  async decisionFiles(): Promise<string[]> {
    return this.store.names(`${this.folder}/decisions`);
  }

  /** The records of one file but the first ones. A torn last line, left by a killed server, was never acknowledged. */
  async records(file: string, after = 0): Promise<ReviewRecord[]> {
    const path = `${this.folder}/decisions/${file}`;
    const records: ReviewRecord[] = [];
    let [line, torn] = [0, false];
    for await (const text of this.store.lines(path)) {
      if (torn) throw new DamagedArtifactError(path);
      if (line++ < after) continue;
      const record = parsed(text);
      if (record === null) torn = true;
      else records.push(record);
    }
    return records;
  }

  /** Everything that people said, from all files. */
  async log(): Promise<ReviewLog> {
    const log = new ReviewLog();
    for (const file of await this.decisionFiles()) {
      for (const record of await this.records(file)) log.add(record);
    }
    return log;
  }

  /** The decision that counts for each text, by the text's key. */
  async decisions(): Promise<Map<string, ReviewDecision>> {
    return (await this.log()).decisions();
  }

  async addOpinions(opinions: readonly SecondOpinion[], at: Date): Promise<void> {
    const name = `${at.toISOString().replaceAll(':', '')}-${randomUUID()}.jsonl`;
    const lines = opinions.map((opinion) => `${JSON.stringify(opinion)}\n`);
    await this.store.writeOnce(`${this.folder}/opinions/${name}`, lines.join(''));
  }

  /** The latest opinion of another tool about each text, by the text's key. */
  async opinions(): Promise<Map<string, SecondOpinion>> {
    const latest = new Map<string, SecondOpinion>();
    for (const name of await this.store.names(`${this.folder}/opinions`)) {
      for await (const line of this.store.lines(`${this.folder}/opinions/${name}`)) {
        const opinion = SecondOpinion.parse(JSON.parse(line));
        latest.set(opinion.key, opinion);
      }
    }
    return latest;
  }

  /** All or none of them. */
  async addDisputes(disputes: readonly GoldDispute[], at: Date): Promise<void> {
    const name = `${at.toISOString().replaceAll(':', '')}-${randomUUID()}.jsonl`;
    const lines = disputes.map((dispute) => `${JSON.stringify(dispute)}\n`);
    await this.store.writeOnce(`${this.folder}/disputes/${name}`, lines.join(''));
  }

  /** The latest dispute about each gold row, by the text's key. */
  async disputes(): Promise<Map<string, GoldDispute>> {
    const latest = new Map<string, GoldDispute>();
    for (const name of await this.store.names(`${this.folder}/disputes`)) {
      for await (const line of this.store.lines(`${this.folder}/disputes/${name}`)) {
        const dispute = GoldDispute.parse(JSON.parse(line));
        latest.set(dispute.key, dispute);
      }
    }
    return latest;
  }

  /** The gold rows that figures are measured on, once the votes are counted. */
  async *goldRows(): AsyncGenerator<LabelRow & { gold: string }> {
    for await (const line of this.store.lines(await this.labelsPath())) {
      const row = LabelRow.parse(JSON.parse(line));
      if (row.gold !== null && !row.gateGold) yield { ...row, gold: row.gold };
    }
  }

  /** The decisions as a file that the labels gate takes as corrections; returns its path in the store. */
  async writeCorrections(decisions: Iterable<ReviewDecision>): Promise<string> {
    const lines = [...decisions].map(({ id, label, reviewer }) => `${JSON.stringify({ id, label, reviewer })}\n`);
    const path = `${this.folder}/corrections-${randomUUID()}.jsonl`;
    await this.store.write(path, lines.join(''));
    return path;
  }

  /** The labels as the votes gave them last. */
  private async labelsPath(): Promise<string> {
    const numbers = (await this.revisions()).map(({ number }) => number).reverse();
    for (const number of numbers) {
      const path = this.labelsPathOf(number);
      if (await this.store.exists(path)) return path;
    }
    return this.labelsPathOf(0);
  }

  private labelsPathOf(revision: number): string {
    return `${this.runFolder}/vote/labels${ofRevision(revision)}.jsonl`;
  }

  private auditPath(labelsVersion: number): string {
    return `${this.folder}/audit${labelsVersion === 0 ? '' : `-${labelsVersion}`}.json`;
  }

  private async read<Value>(path: string, schema: ZodType<Value>): Promise<Value | null> {
    if (!(await this.store.exists(path))) return null;
    return schema.parse(JSON.parse(Buffer.from(await this.store.read(path)).toString('utf8')));
  }
}

/** What the names of files end in that may still grow. */
export const JOURNAL_END = '.page.jsonl';

/** In the names of files that revisions make anew; 0: as they were first. */
export function ofRevision(revision: number): string {
  return revision === 0 ? '' : `-revision-${revision}`;
}

/** Names of equal length are in the order of their numbers. */
function fileNumber(number: number): string {
  return String(number).padStart(6, '0');
}

/** null: the line is cut off. */
function parsed(line: string): ReviewRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  return ReviewRecord.parse(value);
}
