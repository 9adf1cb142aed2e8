/** The ledger of a chunk, as it is written: each call is opened in the journal before it is sent, and closed with what came
 *  back. A call that was opened and never closed may have been billed: it counts at its worst price for ever. */
import { z } from 'zod';
import { StoredReply } from '../contracts/index.js';
import type { Journal, Store } from '../store/index.js';

/** Of a reply that no call of this owner brought. Calls are numbered from 1. */
export const NO_CALL = 0;

export const JournalRecord = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('open'),
    call: z.number().int(),
    key: z.string(),
    worstMicros: z.number().int().nullable(),
  }),
  z.object({
    type: z.literal('close'),
    call: z.number().int(),
    /** unsent: the chunk had to stop between opening and sending. */
    outcome: z.enum(['reply', 'error', 'unsent']),
    costMicros: z.number().int().nullable(),
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
  async openCall(key: string, worstMicros: number | null): Promise<number> {
    const call = ++this.calls;
    await this.append({ type: 'open', call, key, worstMicros });
    return call;
  }

  async closeWithReply(call: number, reply: StoredReply): Promise<void> {
    await this.append({ type: 'close', call, outcome: 'reply', costMicros: reply.costMicros, reply });
  }

  async closeWithError(call: number): Promise<void> {
    await this.append({ type: 'close', call, outcome: 'error', costMicros: 0, reply: null });
  }

  async closeUnsent(call: number): Promise<void> {
    await this.append({ type: 'close', call, outcome: 'unsent', costMicros: 0, reply: null });
  }

  /** A question that was given up. */
  async recordWithoutCall(reply: StoredReply): Promise<void> {
    await this.append({ type: 'close', call: NO_CALL, outcome: 'reply', costMicros: 0, reply });
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
