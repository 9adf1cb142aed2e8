/** The journal is the ledger: a call is opened, with its worst price, before it is sent, and closed with what came back.
 *  A call that was opened and never closed may have been billed: it counts at its worst price for ever. */
import { z } from 'zod';
import { StoredReply } from '../contracts/index.js';
import type { Journal, Store } from '../store/index.js';

/** Calls are numbered from 1. */
const NO_CALL = 0;

const OpenRecord = z.object({
  type: z.literal('open'),
  call: z.number().int(),
  key: z.string(),
  worstMicros: z.number().int().nullable(),
});

const CloseRecord = z.object({
  type: z.literal('close'),
  call: z.number().int(),
  outcome: z.enum(['reply', 'error']),
  costMicros: z.number().int().nullable(),
  reply: StoredReply.nullable(),
});

const JournalRecord = z.discriminatedUnion('type', [OpenRecord, CloseRecord]);

/** What all journals of a chunk say together. */
export interface Ledger {
  /** Requests that were sent, whatever came of them. */
  calls: number;
  /** Calls that an error answered: not billed. */
  errors: number;
  /** Calls without an outcome. */
  uncertain: number;
  /** Micro-dollars, uncertain calls at their worst; null where the price is not known. */
  spentMicros: number | null;
  /** By reply key; the first one that was paid for. */
  replies: Map<string, StoredReply>;
}

export class ReplyJournal {
  private calls = 0;
  private constructor(private readonly journal: Journal) {}

  static async open(store: Store, folder: string, claim: number): Promise<ReplyJournal> {
    return new ReplyJournal(await store.journal(journalPath(folder, claim)));
  }

  /** Must be awaited before the call goes out. Returns the call's number. Throws when the disk does not take it. */
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

  /** An answer that no request of this owner brought: a question that was given up. */
  async recordWithoutCall(reply: StoredReply): Promise<void> {
    await this.append({ type: 'close', call: NO_CALL, outcome: 'reply', costMicros: 0, reply });
  }

  close(): Promise<void> {
    return this.journal.close();
  }

  private append(record: z.input<typeof JournalRecord>): Promise<void> {
    return this.journal.append(JSON.stringify(record));
  }
}

/** Reads the journals of all owners of a chunk. A torn last line, left by a killed writer, is an uncertain call at most. */
export async function readLedger(store: Store, folder: string): Promise<Ledger> {
  const ledger: Ledger = { calls: 0, errors: 0, uncertain: 0, spentMicros: 0, replies: new Map() };
  for (const name of await store.names(folder)) {
    if (name.startsWith('journal-')) await readJournal(store, `${folder}/${name}`, ledger);
  }
  return ledger;
}

async function readJournal(store: Store, path: string, ledger: Ledger): Promise<void> {
  const open = new Map<number, number | null>();
  for await (const line of store.lines(path)) {
    const record = parseRecord(line);
    if (record === null) continue;
    if (record.type === 'open') {
      ledger.calls++;
      open.set(record.call, record.worstMicros);
      continue;
    }
    if (record.call !== NO_CALL && !open.delete(record.call)) continue;
    ledger.spentMicros = addMicros(ledger.spentMicros, record.costMicros);
    if (record.outcome === 'error') ledger.errors++;
    if (record.reply !== null && !ledger.replies.has(record.reply.key))
      ledger.replies.set(record.reply.key, record.reply);
  }
  for (const worstMicros of open.values()) {
    ledger.uncertain++;
    ledger.spentMicros = addMicros(ledger.spentMicros, worstMicros);
  }
}

function parseRecord(line: string): z.infer<typeof JournalRecord> | null {
  try {
    return JournalRecord.parse(JSON.parse(line));
  } catch {
    // A line that a dying writer tore; what it opened stays open.
    return null;
  }
}

function addMicros(sum: number | null, more: number | null): number | null {
  return sum === null || more === null ? null : sum + more;
}

function journalPath(folder: string, claim: number): string {
  return `${folder}/journal-${String(claim).padStart(6, '0')}.jsonl`;
}
