/** The ledger of a chunk, as it is read: what the journals of all its owners say together. */
import { OWN_TEACHER, type Spending, type StoredReply } from '../contracts/index.js';
import { DamagedArtifactError, type Store } from '../store/index.js';
import { addSpending, NOTHING_SPENT } from '../voting/index.js';
import { type CallOfOwner, JournalRecord, NO_CALL } from './reply-journal.js';

/** A question in a batch that no outcome is known of. */
export interface OpenQuestion extends CallOfOwner {
  readonly worst: Spending;
}

export interface Ledger {
  /** Of all requests that were sent, uncertain ones at their worst. */
  spent: Spending;
  /** The same by teacher. */
  spentOn: Map<string, Spending>;
  /** Calls that an error answered: not billed. */
  errors: number;
  /** Of these, the ones whose answer was that the teacher is busy. */
  busy: number;
  /** Calls without an outcome. */
  uncertain: number;
  /** By reply key; the first one that was paid for. */
  replies: Map<string, StoredReply>;
  /** By reply key: calls that brought no reply. */
  failures: Map<string, number>;
  /** Questions that went out in batches and are not closed yet, by part and reply key. */
  openParts: Map<string, Map<string, OpenQuestion>>;
  /** Journals whose owner said that it would send nothing more. */
  endedOwners: number;
}

/** A torn last line, left by a killed writer, is an uncertain call at most. Throws DamagedArtifactError for a line inside
 *  that can't be read, since it may have been a paid call. */
export async function readLedger(store: Store, folder: string): Promise<Ledger> {
  const ledger: Ledger = {
    spent: NOTHING_SPENT,
    spentOn: new Map(),
    errors: 0,
    busy: 0,
    uncertain: 0,
    replies: new Map(),
    failures: new Map(),
    openParts: new Map(),
    endedOwners: 0,
  };
  // In the order of their owners: a later one may close what an earlier one has opened.
  const inBatches: OpenCalls = new Map();
  for (const name of await store.names(folder)) {
    if (name.startsWith('journal-')) await readJournal(store, `${folder}/${name}`, ledger, inBatches);
  }
  for (const [id, { key, part, worst }] of inBatches) {
    const [owner = 0, call = 0] = id.split(' ').map(Number);
    const ofPart = ledger.openParts.get(part ?? '') ?? new Map<string, OpenQuestion>();
    ledger.openParts.set(part ?? '', ofPart.set(key, { owner, call, worst }));
  }
  countUncertain(ledger, inBatches.values());
  return ledger;
}

type OpenRecord = Extract<JournalRecord, { type: 'open' }>;
/** By owner and call: "3 17". */
type OpenCalls = Map<string, OpenRecord>;

async function readJournal(store: Store, path: string, ledger: Ledger, inBatches: OpenCalls): Promise<void> {
  const owner = Number(/(\d+)\.jsonl$/.exec(path)?.[1]);
  const open = new Map<number, OpenRecord>();
  for await (const record of records(store, path)) {
    if (record.type === 'end') {
      ledger.endedOwners++;
    } else if (record.type === 'open') {
      if (record.part === undefined) open.set(record.call, record);
      else inBatches.set(`${owner} ${record.call}`, record);
    } else {
      const call = record.owner === undefined ? open.get(record.call) : inBatches.get(`${record.owner} ${record.call}`);
      // Of two owners that read the same batch, the first one's record counts.
      if (call === undefined && record.owner !== undefined) continue;
      if (record.owner === undefined) open.delete(record.call);
      else inBatches.delete(`${record.owner} ${record.call}`);
      if (call === undefined && record.call !== NO_CALL) throw new DamagedArtifactError(path);
      spend(ledger, call?.teacher, record.cost);
      if (record.outcome === 'error' || record.outcome === 'busy') ledger.errors++;
      if (record.outcome === 'busy') ledger.busy++;
      if (record.outcome === 'error' && call !== undefined) countFailure(ledger, call.key);
      if (record.reply !== null && !ledger.replies.has(record.reply.key)) {
        ledger.replies.set(record.reply.key, record.reply);
      }
    }
  }
  countUncertain(ledger, open.values());
}

function countUncertain(ledger: Ledger, calls: Iterable<OpenRecord>): void {
  for (const { key, teacher, worst } of calls) {
    ledger.uncertain++;
    spend(ledger, teacher, worst);
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

function spend(ledger: Ledger, teacher: string | undefined, cost: Spending): void {
  if (cost.calls === 0) return;
  const name = teacher ?? OWN_TEACHER;
  ledger.spent = addSpending(ledger.spent, cost);
  ledger.spentOn.set(name, addSpending(ledger.spentOn.get(name) ?? NOTHING_SPENT, cost));
}

function countFailure({ failures }: Ledger, key: string): void {
  failures.set(key, (failures.get(key) ?? 0) + 1);
}
