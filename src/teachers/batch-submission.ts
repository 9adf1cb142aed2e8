/** Sends questions in batches: cut into parts, each opened in the journal, uploaded, and then created. */
import type { BatchSettings } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import { CHAT_COMPLETIONS } from './batch-api.js';
import { partName, recordGivenUp, recordSending, recordSent } from './batch-parts.js';
import { type Patience, patiently } from './batch-patience.js';
import type { Created } from './batch-settlement.js';
import type { BatchTeacher } from './batch-teacher.js';
import type { Question } from './call-outcome.js';
import type { ChunkClaim } from './chunk-claim.js';
import { type ChunkWatch, ClaimLostError } from './chunk-watch.js';
import type { ReplyJournal } from './reply-journal.js';
import { TeacherBusyError, TeacherFailedError, TeacherRefusedError } from './teacher.js';

const MEGABYTE = 1e6;

export interface SubmissionPorts {
  readonly store: Store;
  /** As votes.plan calls the teacher. */
  readonly name: string;
  /** The chunk's. */
  readonly folder: string;
  readonly teacher: BatchTeacher;
  readonly claim: ChunkClaim;
  readonly journal: ReplyJournal;
  readonly watch: ChunkWatch;
  readonly patience: Patience;
}

interface Line {
  readonly question: Question;
  readonly json: string;
}

/** first: number of the first part among those of this owner. Returns how many parts were sent and whether the provider had no
 *  room for the next. Throws the watch's reason to stop. */
export async function submitQuestions(
  questions: readonly Question[],
  first: number,
  ports: SubmissionPorts,
): Promise<{ sent: number; noRoom: boolean }> {
  const { claim, folder, teacher } = ports;
  let sent = 0;
  for (const lines of cutIntoParts(questions, teacher)) {
    const part = partName(folder, claim.number, first + sent);
    if ((await submitPart(part, lines, ports)) === 'no-room') return { sent, noRoom: true };
    sent++;
  }
  return { sent, noRoom: false };
}

/** Creates the batch of a part whose file is up, and whose questions are open in the journal. */
export async function createBatch(
  part: string,
  inputFile: string,
  attempt: number,
  { folder, name, store, teacher, watch }: Pick<SubmissionPorts, 'folder' | 'name' | 'store' | 'teacher' | 'watch'>,
): Promise<Created> {
  await watch.mayAsk();
  const sentAt = Date.now();
  if (!(await recordSending(store, folder, part, attempt, { inputFile, teacher: name, sentAt }))) {
    throw new ClaimLostError('another worker has given this batch up, or is creating it');
  }
  while (!watch.lookHolds) await watch.mayAsk();
  // From here to the call nothing is awaited: wherever the process is suspended, it looks again before it sends.
  watch.stopping.throwIfAborted();
  try {
    const batch = await teacher.api.create({ part, inputFile }, watch.callSignal);
    await recordSent(store, folder, part, { batch: batch.id, sentAt });
    return 'created';
  } catch (error) {
    if (error instanceof TeacherBusyError) return 'no-room';
    if (error instanceof TeacherFailedError) return 'unknown';
    if (error instanceof TeacherRefusedError) await recordGivenUp(store, folder, part, attempt + 1);
    throw error;
  }
}

async function submitPart(part: string, lines: readonly Line[], ports: SubmissionPorts): Promise<Created> {
  const { journal, patience, teacher, watch } = ports;
  await watch.mayAsk();
  await journal.openPart(
    lines.map(({ question }) => question),
    part,
  );
  const json = lines.map((line) => line.json);
  const file = await patiently(() => teacher.api.upload(`tutelage-${part}.jsonl`, json, watch.callSignal), patience);
  return createBatch(part, file, 1, ports);
}

function cutIntoParts(questions: readonly Question[], teacher: BatchTeacher): Line[][] {
  const { maxMegabytes, maxRequests }: BatchSettings = teacher.settings;
  const parts: Line[][] = [];
  let part: Line[] = [];
  let bytes = 0;
  for (const question of questions) {
    const json = lineOf(question, teacher);
    const size = Buffer.byteLength(json) + 1;
    if (part.length === maxRequests || (part.length > 0 && bytes + size > maxMegabytes * MEGABYTE)) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push({ question, json });
    bytes += size;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

function lineOf({ key, request }: Question, teacher: BatchTeacher): string {
  const head = JSON.stringify({ custom_id: key, method: 'POST', url: CHAT_COMPLETIONS });
  return `${head.slice(0, -1)},"body":${teacher.body(request)}}`;
}
