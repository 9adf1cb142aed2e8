/** Reads what became of the questions of a batch, line by line, into the chunk's journal. */
import { z } from 'zod';
import type { Label, StoredReply } from '../contracts/index.js';
import type { BatchTeacher } from './batch-teacher.js';
import { ANSWERED_BY_ERROR, costOfReply, paidReply, type Question, refusedReply, wasAnswered } from './call-outcome.js';
import type { Price } from './catalogue.js';
import { ReadableShare } from './readable-share.js';
import type { ReplyJournal } from './reply-journal.js';
import type { OpenQuestion } from './reply-ledger.js';
import { QuestionRefusedError, TeacherBusyError, TeacherRefusedError } from './teacher.js';

/** A line of an output or an error file; providers add to it. */
const AnswerLine = z.object({
  custom_id: z.string(),
  response: z.object({ status_code: z.number().int(), body: z.unknown() }).nullish().catch(null),
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish().catch(null),
});
type AnswerLine = z.infer<typeof AnswerLine>;

/** The provider says that it did not get to the question. */
const NOT_ASKED = ['batch_expired', 'batch_cancelled'];
/** Records that may be on their way to the disk at once. */
const RECORDS_AT_ONCE = 500;

export interface AnswerPorts {
  readonly teacher: BatchTeacher;
  readonly journal: ReplyJournal;
  readonly labels: readonly Label[];
  readonly price: Price | null;
  readonly questionOf: (key: string) => Question | null;
}

/** The answers of a chunk's batches that ended. */
export class BatchAnswers {
  /** Questions that brought a reply, readable or not, and those that an error answered. */
  replies = 0;
  errors = 0;
  /** Lines of this batch that say what was answered; the others say that the provider did not get to the question. */
  private answered = 0;
  private readonly readable = new ReadableShare();
  private records: Promise<void>[] = [];
  private trouble: unknown = null;

  constructor(private readonly ports: AnswerPorts) {}

  /** Takes the questions that the lines are about out of `open`. Returns how many lines say what was answered. */
  async read(lines: AsyncIterable<string>, open: Map<string, OpenQuestion>): Promise<number> {
    this.answered = 0;
    for await (const text of lines) {
      const line = parseLine(text);
      if (line === null) continue;
      if (!isUnasked(line)) this.answered++;
      const call = open.get(line.custom_id);
      const question = this.ports.questionOf(line.custom_id);
      // Of an earlier download that broke off, or none of ours.
      if (call === undefined || question === null) continue;
      open.delete(line.custom_id);
      this.record(this.close(line, call, question));
      if (this.records.length >= RECORDS_AT_ONCE) await this.recorded();
    }
    await this.recorded();
    return this.answered;
  }

  /** Closes questions that the provider did not get to: they cost nothing. */
  async closeUnasked(open: Map<string, OpenQuestion>, atMost = Number.POSITIVE_INFINITY): Promise<void> {
    for (const [key, call] of [...open].slice(0, atMost)) {
      open.delete(key);
      this.record(this.ports.journal.closeUnsent(call));
    }
    await this.recorded();
  }

  /** Throws what the answers have shown: the teacher refuses the key or the model, or most replies can't be read. */
  throwTrouble(): void {
    if (this.trouble !== null) throw this.trouble;
  }

  private async close(line: AnswerLine, call: OpenQuestion, question: Question): Promise<void> {
    const { journal } = this.ports;
    const outcome = this.outcomeOf(line, question);
    if (outcome === 'unasked') return journal.closeUnsent(call);
    if (outcome === 'billed') return;
    if (outcome === 'error' || outcome === 'busy') {
      this.errors++;
      return journal.closeWithError(call, outcome);
    }
    this.replies++;
    this.check(outcome);
    const refused = outcome.vote.unreadable === 'refused';
    return journal.closeWithReply(call, outcome, refused ? ANSWERED_BY_ERROR : costOfReply(question, outcome));
  }

  /** billed: no reply, and perhaps paid for; the question stays open. */
  private outcomeOf(line: AnswerLine, question: Question): StoredReply | 'unasked' | 'error' | 'busy' | 'billed' {
    const { labels, price, teacher } = this.ports;
    const { request } = question;
    const { response } = line;
    if (!response) return isUnasked(line) ? 'unasked' : 'error';
    if (response.status_code < 300) {
      try {
        return paidReply(question, { ...teacher.read(response.body, request), latencyMs: 0 }, labels, price);
      } catch (error) {
        // No chat completion, which some providers send in place of an error.
        return wasAnswered(error) ? 'error' : 'billed';
      }
    }
    const failed = { status: response.status_code, body: JSON.stringify(response.body ?? '') };
    const meaning = teacher.errorOf(failed, request);
    if (meaning instanceof QuestionRefusedError) return refusedReply(question);
    if (meaning instanceof TeacherRefusedError) this.trouble ??= meaning;
    return meaning instanceof TeacherBusyError ? 'busy' : 'error';
  }

  private check(reply: StoredReply): void {
    try {
      this.readable.check(reply);
    } catch (error) {
      // The rest of the batch is paid for, too, and is read first.
      this.trouble ??= error;
    }
  }

  private record(written: Promise<void>): void {
    // Whoever awaits them all hears of a failure.
    written.catch(() => undefined);
    this.records.push(written);
  }

  private async recorded(): Promise<void> {
    const { records } = this;
    this.records = [];
    await Promise.all(records);
  }
}

function isUnasked({ error, response }: AnswerLine): boolean {
  return !response && NOT_ASKED.includes(error?.code ?? '');
}

/** null: half a line, or something else. */
function parseLine(text: string): AnswerLine | null {
  try {
    const parsed = AnswerLine.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    // No JSON.
    return null;
  }
}
