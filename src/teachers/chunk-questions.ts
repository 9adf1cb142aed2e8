/** The questions of a chunk, and which of them earlier runs have paid for. */
import { type ChunkEntry, type Label, type StoredReply, type Task, TextRow } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import type { QuestionTeacher } from './asked-teacher.js';
import type { Question } from './call-outcome.js';
import { chunkReplies } from './chunk-seal.js';
import { readVote } from './label-probability.js';
import { worstCall } from './prices.js';
import { buildPrompt } from './prompts.js';
import { replyKey } from './reply-key.js';
import { type PlannedQuestion, plannedQuestions } from './vote-plan.js';

export function questionOf(task: Task, asked: QuestionTeacher, row: TextRow, planned: PlannedQuestion): Question {
  const { messages, jsonSchema } = buildPrompt(task, planned, askedText(row));
  const { temperature, topP, maxTokens, seed, sample, prompt, teacher } = planned;
  const { model, price, settings } = asked;
  const { extraBody } = settings;
  return {
    // Where nobody names the model, another address may be another model.
    key: replyKey({ messages, model: model ?? settings.url, temperature, topP, maxTokens, seed, sample, extraBody }),
    teacher,
    worst: worstCall(price, messages, maxTokens),
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
      jsonSchema: asked.jsonSchema ? jsonSchema : null,
      timeoutMs: settings.timeoutSeconds * 1000,
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
      found.set(key, { ...reply, vote: readVote(reply, [...labels], reply.prompt) });
    }
  }
  return found;
}

/** The first question of a chunk to this teacher that nobody has paid for, or null. name: as votes.plan calls it. */
export async function firstUnknownQuestion(
  store: Store,
  task: Task,
  { name, asked }: { readonly name: string; readonly asked: QuestionTeacher },
  chunk: ChunkEntry,
  folder: string,
): Promise<Question | null> {
  const rows = await chunkRows(store, chunk);
  const reusable = await reusableReplies(store, chunk, rows, task.labels);
  const known = await chunkReplies(store, folder);
  const plan = plannedQuestions(task).filter(({ teacher }) => teacher === name);
  for (const row of rows) {
    for (const planned of plan) {
      const question = questionOf(task, asked, row, planned);
      if (!reusable.has(question.key) && !known.has(question.key)) return question;
    }
  }
  return null;
}
