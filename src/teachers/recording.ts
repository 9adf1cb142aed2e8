/** A file of recorded replies, in memory. */
import { createHash } from 'node:crypto';
import { FailureType, type PromptStyle, parseOrExplain, RecordedReply } from '../contracts/index.js';

export interface RecordedQuestion {
  /** SHA-256 of the rendered text, hex. */
  readonly textKey: string;
  readonly prompt: PromptStyle;
  readonly sample: number;
}

/** A line of the file that is no recorded reply, or that contradicts an earlier one. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
  readonly type = FailureType.InvalidInput;
}

type Answer = Pick<RecordedReply, 'content' | 'finishReason' | 'inputTokens' | 'outputTokens' | 'tokens'>;

export class Recording {
  private readonly answers = new Map<string, Answer>();

  private constructor(private readonly teacher: string) {}

  /** Lines of JSONL; blank ones are skipped, and those that another teacher gave than this one, as votes.plan calls it.
   *  Throws RecordingError naming the line. */
  static async read(lines: AsyncIterable<string>, teacher: string): Promise<Recording> {
    const recording = new Recording(teacher);
    let number = 0;
    for await (const line of lines) {
      number++;
      if (line.trim() !== '') recording.add(line, number);
    }
    return recording;
  }

  /** Replies it holds. */
  get size(): number {
    return this.answers.size;
  }

  find(question: RecordedQuestion): Answer | null {
    return this.answers.get(idOf(question)) ?? null;
  }

  private add(line: string, number: number): void {
    const parsed = parseOrExplain(RecordedReply, parseLine(line, number));
    if (!parsed.ok) throw new RecordingError(`line ${number} is not a recorded reply: ${parsed.problems}`);
    if ((parsed.value.teacher ?? this.teacher) !== this.teacher) return;
    const { content, finishReason, inputTokens, outputTokens, prompt, sample, text, textKey, tokens } = parsed.value;
    const question = { textKey: textKey ?? textKeyOf(text ?? ''), prompt, sample };
    const earlier = this.find(question);
    if (earlier !== null && earlier.content !== content) {
      throw new RecordingError(
        `line ${number} has another reply than an earlier line for ${describeQuestion(question)}: keep one of them`,
      );
    }
    this.answers.set(idOf(question), { content, finishReason, inputTokens, outputTokens, ...(tokens && { tokens }) });
  }
}

/** SHA-256 of a rendered text, hex. */
export function textKeyOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** For messages: texts are named by their key. */
export function describeQuestion({ prompt, sample, textKey }: RecordedQuestion): string {
  return `text ${textKey}, prompt ${prompt}, sample ${sample}`;
}

function idOf({ prompt, sample, textKey }: RecordedQuestion): string {
  return `${textKey} ${prompt} ${sample}`;
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The parser's message would quote the line.
    throw new RecordingError(`line ${number} is not JSON (${line.length} characters)`);
  }
}
