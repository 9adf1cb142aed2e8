/** The ledger of a chunk, as it is written: each call is opened in the journal before it is sent, and closed with what came
 *  back. A call that was opened and never closed may have been billed: it counts at its worst price for ever. */
import { z } from 'zod';
import { OWN_TEACHER, Spending, StoredReply } from '../contracts/index.js';
import type { Journal, Store } from '../store/index.js';
import { NOTHING_SPENT } from '../voting/index.js';
import { ANSWERED_BY_ERROR, type Question } from './call-outcome.js';

/** A call that an earlier owner opened, and that was on its way when that owner ended: a question in a batch. */
export interface CallOfOwner {
  /** Number of its claim. */
  readonly owner: number;
  readonly call: number;
}

/** Of a reply that no call of this owner brought. Calls are numbered from 1. */
export const NO_CALL = 0;

export const JournalRecord = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('open'),
    call: z.number().int(),
    key: z.string(),
    /** Absent: the task's own. */
    teacher: z.string().optional(),
    worst: Spending,
    part: z.string().optional().describe('Sent in a batch: the name of our part of the questions.'),
  }),
  z.object({
    type: z.literal('close'),
    call: z.number().int(),
    owner: z.number().int().optional().describe('Whose journal opened the call; absent: this one.'),
    /** unsent: the chunk had to stop between opening and sending. */
    outcome: z.enum(['reply', 'error', 'busy', 'unsent']),
    cost: Spending,
    reply: StoredReply.nullable(),
  }),
  /** This owner will send nothing more. */
  z.object({ type: z.literal('end') }),
]);
export type JournalRecord = z.infer<typeof JournalRecord>;

/** The journal of one owner. Each method resolves when the record outlives this process, and throws when the disk does not
 *  take it. */
export class ReplyJournal {
  private calls = 0;
  private constructor(private readonly journal: Journal) {}

  static async open(store: Store, folder: string, claim: number): Promise<ReplyJournal> {
    return new ReplyJournal(await store.journal(`${folder}/journal-${String(claim).padStart(6, '0')}.jsonl`));
  }

  /** Must be awaited before the call goes out. Returns the call's number. */
  async openCall(question: Pick<Question, 'key' | 'teacher' | 'worst'>): Promise<number> {
    const call = ++this.calls;
    await this.append(openRecord(question, call));
    return call;
  }

  /** Opens the calls of a part of questions that go out in one batch. */
  async openPart(questions: readonly Pick<Question, 'key' | 'teacher' | 'worst'>[], part: string): Promise<void> {
    await Promise.all(questions.map((question) => this.append({ ...openRecord(question, ++this.calls), part })));
  }

  /** cost: what the call came to. */
  async closeWithReply(call: number | CallOfOwner, reply: StoredReply, cost: Spending): Promise<void> {
    await this.append({ type: 'close', ...referenceTo(call), outcome: 'reply', cost, reply });
  }

  /** busy: the teacher wants to be asked later. */
  async closeWithError(call: number | CallOfOwner, outcome: 'error' | 'busy'): Promise<void> {
    await this.append({ type: 'close', ...referenceTo(call), outcome, cost: ANSWERED_BY_ERROR, reply: null });
  }

  async closeUnsent(call: number | CallOfOwner): Promise<void> {
    await this.append({ type: 'close', ...referenceTo(call), outcome: 'unsent', cost: NOTHING_SPENT, reply: null });
  }

  /** A question that was given up. */
  async recordWithoutCall(reply: StoredReply): Promise<void> {
    await this.append({ type: 'close', call: NO_CALL, outcome: 'reply', cost: NOTHING_SPENT, reply });
  }

  /** No call may be in flight. */
  async close(): Promise<void> {
    try {
      await this.append({ type: 'end' });
    } finally {
      await this.journal.close();
    }
  }

  private append(record: JournalRecord): Promise<void> {
    return this.journal.append(JSON.stringify(record));
  }
}

function referenceTo(call: number | CallOfOwner): { call: number; owner?: number } {
  return typeof call === 'number' ? { call } : { call: call.call, owner: call.owner };
}

type OpenRecord = Extract<JournalRecord, { type: 'open' }>;

function openRecord({ key, teacher, worst }: Pick<Question, 'key' | 'teacher' | 'worst'>, call: number): OpenRecord {
  return { type: 'open', call, key, ...(teacher !== OWN_TEACHER && { teacher }), worst };
}
