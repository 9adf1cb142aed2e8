/** What a run's review leaves in the store: the queue, the audit, and the decisions, a file an import. */
import { randomUUID } from 'node:crypto';
import type { ZodType } from 'zod';
import { Audit, ReviewDecision, ReviewQueue, ReviewRow, SecondOpinion } from '../contracts/index.js';
import type { Store } from '../store/index.js';

/** The run has no review queue. */
export class NoReviewError extends Error {
  override readonly name = 'NoReviewError';
}

/** The review of one run. Decisions are never changed: a file of them appears whole or not at all, and they together are
 *  the audit log. */
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

  get rowsPath(): string {
    return `${this.folder}/queue.jsonl`;
  }

  /** null: there is none. */
  async queue(): Promise<ReviewQueue | null> {
    return this.read(`${this.folder}/queue.json`, ReviewQueue);
  }

  async *rows(): AsyncGenerator<ReviewRow> {
    for await (const line of this.store.lines(this.rowsPath)) yield ReviewRow.parse(JSON.parse(line));
  }

  async audit(): Promise<Audit | null> {
    return this.read(`${this.folder}/audit.json`, Audit);
  }

  /** The audit that stands in the end: of two that are drawn at once, the first. */
  async keepAudit(audit: Audit): Promise<Audit> {
    const first = await this.store.writeOnce(`${this.folder}/audit.json`, JSON.stringify(audit));
    return first ? audit : ((await this.audit()) as Audit);
  }

  /** All or none of them, for good when it returns. */
  async addDecisions(decisions: readonly ReviewDecision[], at: Date): Promise<void> {
    const name = `${at.toISOString().replaceAll(':', '')}-${randomUUID()}.jsonl`;
    const lines = decisions.map((decision) => `${JSON.stringify(decision)}\n`);
    await this.store.writeOnce(`${this.folder}/decisions/${name}`, lines.join(''));
  }

  /** All decisions ever, oldest first. */
  async *journal(): AsyncGenerator<ReviewDecision> {
    for (const name of await this.store.names(`${this.folder}/decisions`)) {
      for await (const line of this.store.lines(`${this.folder}/decisions/${name}`)) {
        yield ReviewDecision.parse(JSON.parse(line));
      }
    }
  }

  /** The decision that counts for each text, by the text's key. */
  async decisions(): Promise<Map<string, ReviewDecision>> {
    const latest = new Map<string, ReviewDecision>();
    for await (const decision of this.journal()) latest.set(decision.key, decision);
    return latest;
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

  /** The decisions as a file that the labels gate takes as corrections; returns its path in the store. */
  async writeCorrections(decisions: Iterable<ReviewDecision>): Promise<string> {
    const lines = [...decisions].map(({ id, label, reviewer }) => `${JSON.stringify({ id, label, reviewer })}\n`);
    const path = `${this.folder}/corrections-${randomUUID()}.jsonl`;
    await this.store.write(path, lines.join(''));
    return path;
  }

  private async read<Value>(path: string, schema: ZodType<Value>): Promise<Value | null> {
    if (!(await this.store.exists(path))) return null;
    return schema.parse(JSON.parse(Buffer.from(await this.store.read(path)).toString('utf8')));
  }
}
