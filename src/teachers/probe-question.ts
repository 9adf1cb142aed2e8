/** The probe's paid call, in the ledger of the chunk that its question belongs to: annotation finds the reply there. */
import {
  type ChunkEntry,
  OWN_TEACHER,
  type Spending,
  type StoredReply,
  type Task,
  type TeacherReply,
} from '../contracts/index.js';
import type { Store } from '../store/index.js';
import { grantOf } from '../voting/index.js';
import type { QuestionTeacher } from './asked-teacher.js';
import { CallBudget } from './call-budget.js';
import { costOfReply, paidReply, type Question, wasAnswered } from './call-outcome.js';
import { type ClaimOwner, claimChunk } from './chunk-claim.js';
import { firstUnknownQuestion } from './chunk-questions.js';
import { ReplyJournal } from './reply-journal.js';
import { readLedger } from './reply-ledger.js';
import { TeacherBusyError, type TeacherRequest } from './teacher.js';

export interface ProbeJob {
  readonly task: Task;
  /** The teacher that is asked, as votes.plan calls it. */
  readonly name: string;
  readonly asked: QuestionTeacher;
  readonly chunk: ChunkEntry;
  /** The chunk's folder in the store. */
  readonly folder: string;
  readonly owner: ClaimOwner;
  /** What all chunks of the run have come to. */
  readonly spent: Spending;
}

export interface ProbePorts {
  readonly store: Store;
  /** Sends the request, once: each request is a call of its own in the ledger. Where the JSON schema is refused, probe again
   *  with asked.jsonSchema = false. */
  readonly ask: (request: TeacherRequest) => Promise<TeacherReply>;
}

/** Asks the first question of the chunk that nobody has paid for. An earlier probe's reply, found in the ledger, is returned
 *  without asking. null: nothing is unknown, or the task's budget does not reach for a call. Throws what `ask` throws. */
export async function probeQuestion(job: ProbeJob, ports: ProbePorts): Promise<StoredReply | null> {
  const { asked, chunk, folder, name, owner, spent, task } = job;
  const { store } = ports;
  const ledger = await readLedger(store, folder);
  const earlier = [...ledger.replies.values()].find(({ teacher = OWN_TEACHER }) => teacher === name);
  if (earlier !== undefined) return earlier;
  const question = await firstUnknownQuestion(store, task, { name, asked }, chunk, folder);
  if (question === null || !(await isAffordable(question, task, spent))) return null;

  const claim = await claimChunk(store, folder, owner);
  const journal = await ReplyJournal.open(store, folder, claim.number);
  try {
    return await askJournalled(question, job, ports, journal);
  } finally {
    await journal.close();
  }
}

async function askJournalled(
  question: Question,
  { asked, task }: ProbeJob,
  { ask }: ProbePorts,
  journal: ReplyJournal,
): Promise<StoredReply> {
  const call = await journal.openCall(question);
  let reply: StoredReply;
  try {
    reply = paidReply(question, await ask(question.request), task.labels, asked.price);
  } catch (error) {
    if (wasAnswered(error)) await journal.closeWithError(call, error instanceof TeacherBusyError ? 'busy' : 'error');
    throw error;
  }
  await journal.closeWithReply(call, reply, costOfReply(question, reply));
  return reply;
}

function isAffordable(question: Question, task: Task, spent: Spending): Promise<boolean> {
  // With nothing else in flight it never waits.
  return new CallBudget(grantOf(task.budget), spent).reserve(question.worst, new AbortController().signal);
}
