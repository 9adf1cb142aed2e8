/** Looks after the batches that a chunk has sent: finds again what may have been created, reads what has ended, and cancels
 *  what is no longer wanted. */
import type { Store } from '../store/index.js';
import type { BatchAnswers } from './batch-answers.js';
import type { BatchApi } from './batch-api.js';
import { type Part, recordDone, recordGivenUp, recordSent, unfinishedParts } from './batch-parts.js';
import { downloadLines, type Patience, patiently } from './batch-patience.js';
import { type BatchState, hasEnded } from './batch-state.js';
import type { Ledger, OpenQuestion } from './reply-ledger.js';
import { TeacherRefusedError } from './teacher.js';

/** Code of a batch that the provider has no room for now ("Please try again once some in_progress batches have been completed"). */
const NO_ROOM = 'token_limit_exceeded';

export interface SettlementPorts {
  /** Whose parts are settled, as votes.plan calls it. */
  readonly teacher: string;
  readonly store: Store;
  /** The chunk's. */
  readonly folder: string;
  readonly api: BatchApi;
  readonly patience: Patience;
  readonly answers: BatchAnswers;
  /** A batch that the provider does not list so long after it was created was not created. */
  readonly listLagMs: number;
  /** Throws when another owner has the chunk now. */
  readonly stillMine: () => void;
  /** Creates the batch of a part whose file is up. null: it is not wanted any more. */
  readonly create: ((part: string, inputFile: string, attempt: number) => Promise<Created>) | null;
}

/** unknown: it may have been created. no-room: it was not, for now. */
export type Created = 'created' | 'unknown' | 'no-room';

export interface Settlement {
  /** Batches that go on, or that may exist. */
  open: number;
  /** The provider had no room for a batch. */
  noRoom: boolean;
  /** How a batch ended that the provider got to no question of; null: there was none. */
  unanswered: string | null;
}

/** Cancels the batches where none is wanted any more. Throws a TeacherRefusedError for a batch that the provider does not
 *  accept, once all others are read. */
export async function settleParts(ports: SettlementPorts, ledger: Ledger): Promise<Settlement> {
  const settlement: Settlement = { open: 0, noRoom: false, unanswered: null };
  let refused: TeacherRefusedError | null = null;
  const parts = await unfinishedParts(ports.store, ports.folder);
  for (const part of parts) {
    if (part.teacher !== null && part.teacher !== ports.teacher) continue;
    ports.stillMine();
    const questions = ledger.openParts.get(part.name) ?? new Map<string, OpenQuestion>();
    try {
      await settlePart(part, questions, ports, settlement);
    } catch (error) {
      if (!(error instanceof TeacherRefusedError)) throw error;
      refused ??= error;
    }
  }
  await dropUnsentParts(parts, ledger, ports);
  if (refused !== null) throw refused;
  return settlement;
}

/** Parts whose questions are in the journal, and whose file may be up, but whose batch was not about to be created. */
async function dropUnsentParts(known: readonly Part[], ledger: Ledger, ports: SettlementPorts): Promise<void> {
  const { answers, folder, store } = ports;
  for (const [name, questions] of ledger.openParts) {
    if (known.some((part) => part.name === name)) continue;
    ports.stillMine();
    // Its owner may still be at it: of the two records the first counts. One that was done keeps what it left open.
    if (!(await recordGivenUp(store, folder, name, 1))) continue;
    await answers.closeUnasked(questions);
    await recordDone(store, folder, name, { end: 'never sent' });
  }
}

async function settlePart(
  part: Part,
  questions: Map<string, OpenQuestion>,
  ports: SettlementPorts,
  settlement: Settlement,
): Promise<void> {
  const { answers, api, create, folder, patience, store } = ports;
  const id = part.batch?.id ?? (await findAgain(part, ports));
  if (id === null) return settleUnlisted(part, questions, ports, settlement);
  let batch = await patiently(() => api.retrieve(id, patience.signal), patience);
  if (create === null && !hasEnded(batch)) batch = await cancel(batch, ports);
  if (!hasEnded(batch)) {
    settlement.open++;
  } else if (batch.status !== 'failed') {
    const answersBefore = answers.replies + answers.errors;
    await readAnswers(batch, part.name, questions, ports);
    if (answers.replies + answers.errors === answersBefore) settlement.unanswered = batch.status;
  } else {
    // The file was not accepted as a whole: nothing was asked.
    await answers.closeUnasked(questions);
    await recordDone(store, folder, part.name, { end: batch.status, batch: id });
    if (!batch.errors?.data?.some(({ code }) => code === NO_ROOM)) throw notAccepted(batch, api);
    settlement.noRoom = true;
  }
}

/** A part whose batch the provider does not list. */
async function settleUnlisted(
  { name, sending }: Part,
  questions: Map<string, OpenQuestion>,
  { answers, create, folder, listLagMs, store }: SettlementPorts,
  settlement: Settlement,
): Promise<void> {
  if (sending !== null && Date.now() - sending.sentAt < listLagMs) {
    settlement.open++;
  } else if (sending !== null && create !== null) {
    const created = await create(name, sending.inputFile, sending.attempt + 1);
    if (created === 'no-room') settlement.noRoom = true;
    else settlement.open++;
  } else {
    await answers.closeUnasked(questions);
    await recordDone(store, folder, name, { end: 'never created' });
  }
}

function notAccepted(batch: BatchState, api: BatchApi): TeacherRefusedError {
  const says = `${api.host} did not accept a batch: ${api.reasonsOf(batch)}`;
  return new TeacherRefusedError(says, null, 'Check teacher.model, teacher.batch and teacher.extraBody.');
}

/** The batch of a part of which is only known that it was about to be created; null: the provider lists none. */
async function findAgain({ name, sending }: Part, ports: SettlementPorts): Promise<string | null> {
  const { api, folder, patience, store } = ports;
  if (sending === null) return null;
  const { inputFile, sentAt } = sending;
  const [first, ...others] = await patiently(
    () => api.find({ part: name, inputFile, sentAt }, patience.signal),
    patience,
  );
  // A list that lagged for longer than we wait.
  for (const other of others) if (!hasEnded(other)) await cancel(other, ports);
  if (first === undefined) return null;
  await recordSent(store, folder, name, { batch: first.id, sentAt });
  return first.id;
}

async function cancel(batch: BatchState, { api, patience }: SettlementPorts): Promise<BatchState> {
  if (batch.status === 'cancelling') return batch;
  try {
    return await patiently(() => api.cancel(batch.id, patience.signal), patience);
  } catch (error) {
    // It has ended meanwhile, or is about to.
    if (error instanceof TeacherRefusedError && ![401, 403].includes(error.status ?? 0)) return batch;
    throw error;
  }
}

/** What was worked on and is in no file may have been billed: it stays open, at its worst. The rest was not asked. */
async function readAnswers(
  batch: BatchState,
  part: string,
  questions: Map<string, OpenQuestion>,
  { answers, api, folder, patience, store }: SettlementPorts,
): Promise<void> {
  let answered = 0;
  for (const file of [batch.output_file_id, batch.error_file_id]) {
    if (file) answered += await answers.read(downloadLines(api, file, patience), questions);
  }
  const counts = batch.request_counts;
  const lost = counts ? counts.completed + counts.failed - answered : questions.size;
  await answers.closeUnasked(questions, Math.max(0, questions.size - Math.max(0, lost)));
  await recordDone(store, folder, part, { end: batch.status, batch: batch.id, answered });
}
