/** The questions of a chunk, and which of them earlier runs have paid for. */
import { type ChunkEntry, type Label, type StoredReply, type Task, TextRow } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import type { Question } from './call-outcome.js';
import type { Price } from './catalogue.js';
import { chunkReplies } from './chunk-seal.js';
import { worstCall } from './prices.js';
import { buildPrompt } from './prompts.js';
import { readReply } from './read-reply.js';
import { replyKey } from './reply-key.js';
import type { Teacher } from './teacher.js';
import { type PlannedQuestion, plannedQuestions } from './vote-plan.js';

/** What a question depends on besides the text. */
export interface QuestionSettings {
  readonly task: Task;
  readonly price: Price | null;
  /** The endpoint accepts a JSON schema. */
  readonly jsonSchema: boolean;
}

export function questionOf(
  settings: QuestionSettings,
  teacher: Pick<Teacher, 'model'>,
  row: TextRow,
  planned: PlannedQuestion,
): Question {
  const { messages, jsonSchema } = buildPrompt(settings.task, planned.prompt, askedText(row));
  const { temperature, topP, maxTokens, seed, sample, prompt } = planned;
  return {
    key: replyKey({ messages, model: teacher.model, temperature, topP, maxTokens, seed, sample }),
    worst: worstCall(settings.price, messages, maxTokens),
    request: {
      messages,
      text: askedText(row),
      textKey: row.key,
      prompt,
      sample,
      temperature,
      topP,
      maxTokens,
      seed,
      jsonSchema: settings.jsonSchema ? jsonSchema : null,
      timeoutMs: settings.task.teacher.timeoutSeconds * 1000,
    },
  };
}

/** What the teacher sees of a text. */
export function askedText({ asked, text }: TextRow): string {
  return asked ?? text;
}

export async function chunkRows(store: Store, chunk: ChunkEntry): Promise<TextRow[]> {
  const text = Buffer.from(await store.readRef(chunk.file)).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => TextRow.parse(JSON.parse(line)));
}

/** What earlier runs were answered about these texts of a chunk, read with the labels' spellings of this task. Refusals are
 *  asked again: they cost nothing. */
export async function reusableReplies(
  store: Store,
  chunk: ChunkEntry,
  rows: readonly TextRow[],
  labels: readonly Label[],
): Promise<Map<string, StoredReply>> {
  const texts = new Set(rows.map((row) => row.key));
  const found = new Map<string, StoredReply>();
  for (const folder of chunk.reuse) {
    for (const [key, reply] of await chunkReplies(store, folder)) {
      if (!texts.has(reply.textKey) || reply.vote.unreadable === 'refused') continue;
      found.set(key, { ...reply, vote: readReply(reply, [...labels], reply.prompt) });
    }
  }
  return found;
}

/** The first question of a chunk that nobody has paid for, or null. */
export async function firstUnknownQuestion(
  store: Store,
  settings: QuestionSettings,
  teacher: Teacher,
  chunk: ChunkEntry,
  folder: string,
): Promise<Question | null> {
  const rows = await chunkRows(store, chunk);
  const reusable = await reusableReplies(store, chunk, rows, settings.task.labels);
  const known = await chunkReplies(store, folder);
  const plan = plannedQuestions(settings.task);
  for (const row of rows) {
    for (const planned of plan) {
      const question = questionOf(settings, teacher, row, planned);
      if (!reusable.has(question.key) && !known.has(question.key)) return question;
    }
  }
  return null;
}
