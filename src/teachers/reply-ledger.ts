/** The ledger of a chunk, as it is read: what the journals of all its owners say together. */
import type { StoredReply } from '../contracts/index.js';
import { DamagedArtifactError, type Store } from '../store/index.js';
import { JournalRecord, NO_CALL } from './reply-journal.js';

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
  /** By reply key: calls that brought no reply. */
  failures: Map<string, number>;
  /** Journals whose owner said that it would send nothing more. */
  endedOwners: number;
}

/** A torn last line, left by a killed writer, is an uncertain call at most. Throws DamagedArtifactError for a line inside
 *  that can't be read, since it may have been a paid call. */
export async function readLedger(store: Store, folder: string): Promise<Ledger> {
  const ledger: Ledger = {
    calls: 0,
    errors: 0,
    uncertain: 0,
    spentMicros: 0,
    replies: new Map(),
    failures: new Map(),
    endedOwners: 0,
  };
  for (const name of await store.names(folder)) {
    if (name.startsWith('journal-')) await readJournal(store, `${folder}/${name}`, ledger);
  }
  return ledger;
}

async function readJournal(store: Store, path: string, ledger: Ledger): Promise<void> {
  const open = new Map<number, { key: string; worstMicros: number | null }>();
  for await (const record of records(store, path)) {
    if (record.type === 'end') {
      ledger.endedOwners++;
    } else if (record.type === 'open') {
      ledger.calls++;
      open.set(record.call, record);
    } else {
      const call = open.get(record.call);
      open.delete(record.call);
      if (call === undefined && record.call !== NO_CALL) throw new DamagedArtifactError(path);
      ledger.spentMicros = addMicros(ledger.spentMicros, record.costMicros);
      if (record.outcome === 'unsent') ledger.calls--;
      if (record.outcome === 'error') ledger.errors++;
      if (record.outcome === 'error' && call !== undefined) countFailure(ledger, call.key);
      if (record.reply !== null && !ledger.replies.has(record.reply.key)) {
        ledger.replies.set(record.reply.key, record.reply);
      }
    }
  }
  for (const { key, worstMicros } of open.values()) {
    ledger.uncertain++;
    ledger.spentMicros = addMicros(ledger.spentMicros, worstMicros);
    countFailure(ledger, key);
  }
}

async function* records(store: Store, path: string): AsyncIterable<JournalRecord> {
  let torn = false;
  for await (const line of store.lines(path)) {
    if (torn) throw new DamagedArtifactError(path);
    const record = parseRecord(line);
    if (record === null) torn = true;
    else yield record;
  }
}

function parseRecord(line: string): JournalRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // A line that a dying writer tore; what it opened stays open.
    return null;
  }
  return JournalRecord.parse(value);
}

function countFailure({ failures }: Ledger, key: string): void {
  failures.set(key, (failures.get(key) ?? 0) + 1);
}

function addMicros(sum: number | null, more: number | null): number | null {
  return sum === null || more === null ? null : sum + more;
}
