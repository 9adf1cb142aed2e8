/** What a teacher answers, how it is kept, and what it means. */
import { z } from 'zod';
import { PromptStyle } from './vote-settings.js';

export const FinishReason = z.enum(['stop', 'length', 'filtered', 'unknown']);
export type FinishReason = z.infer<typeof FinishReason>;

/** One answer as the provider gave it. Token counts are null where the provider does not tell. */
export const TeacherReply = z.object({
  content: z.string(),
  finishReason: FinishReason,
  inputTokens: z.number().int().nullable(),
  outputTokens: z.number().int().nullable(),
  latencyMs: z.number(),
  tokens: z
    .array(z.tuple([z.string(), z.number()]))
    .optional()
    .describe('Its tokens, each with the natural logarithm of its probability; absent: not asked for, or not told.'),
});
export type TeacherReply = z.infer<typeof TeacherReply>;

/** Why a reply gave no vote. */
export const Unreadable = z.enum(['empty', 'truncated', 'filtered', 'no-label', 'several-labels', 'refused']);
export type Unreadable = z.infer<typeof Unreadable>;

/** The label read from a reply; label is null exactly when unreadable is not. */
export const Vote = z.object({
  label: z.string().nullable(),
  reason: z.string().nullable(),
  unreadable: Unreadable.nullable(),
  probability: z
    .number()
    .optional()
    .describe("Of the label's tokens, given all that was written before; absent: not known."),
});
export type Vote = z.infer<typeof Vote>;

/** A reply that was paid for, with what it was an answer to. One line of a chunk's replies.jsonl. */
export const StoredReply = TeacherReply.extend({
  key: z.string().describe('SHA-256 of rendered prompt, model, sampling parameters and sample index.'),
  textKey: z.string(),
  teacher: z.string().optional().describe("Absent: the task's own teacher."),
  prompt: PromptStyle,
  sample: z.number().int().min(0),
  costMicros: z.number().int().nullable().describe('Micro-dollars; null where the price is not known.'),
  vote: Vote,
});
export type StoredReply = z.infer<typeof StoredReply>;

/** A line of a file of recorded replies, as written by hand or by a run. */
export const RecordedReply = z
  .object({
    text: z.string().optional().describe('The rendered text; or textKey.'),
    textKey: z.string().optional().describe('SHA-256 of the rendered text.'),
    teacher: z
      .string()
      .optional()
      .describe("Name in the task's teachers of the one that gave it; absent: whoever is asked."),
    prompt: PromptStyle.default('reasoned'),
    sample: z.number().int().min(0).default(0),
    content: z.string(),
    finishReason: FinishReason.default('stop'),
    inputTokens: z.number().int().nullable().default(null),
    outputTokens: z.number().int().nullable().default(null),
    tokens: TeacherReply.shape.tokens,
  })
  .refine((line) => line.text !== undefined || line.textKey !== undefined, 'needs text or textKey');
export type RecordedReply = z.infer<typeof RecordedReply>;

/** What the calls to one teacher came to. */
export const TeacherCounts = z.object({
  calls: z.number().int(),
  replies: z.number().int().describe('Replies that this run paid for.'),
  spentMicros: z.number().int().nullable().describe('As in the counts of the run.'),
});
export type TeacherCounts = z.infer<typeof TeacherCounts>;

/** What became of the calls and the texts of a chunk, a shard or a run. Adding two gives that of both. */
export const AnnotationCounts = z.object({
  texts: z.number().int().describe('Texts whose vote plan is finished.'),
  calls: z.number().int().describe('Requests sent to the teacher by this run, whatever came back.'),
  replies: z.number().int().describe('Replies that this run paid for.'),
  reused: z.number().int().describe('Replies taken from earlier runs.'),
  unreadable: z.number().int().describe('Replies without a readable label.'),
  truncated: z.number().int().describe('Unreadable ones that were cut off at the token limit.'),
  uncertain: z.number().int().describe('Calls whose outcome is unknown; they count at their worst price.'),
  retried: z.number().int().describe('Calls that were answered by an error.'),
  busy: z.number().int().describe('Of these, answers that the teacher is busy (429, or 503 with a time to wait).'),
  inputTokens: z.number().int(),
  outputTokens: z.number().int(),
  spentMicros: z
    .number()
    .int()
    .nullable()
    .describe('Micro-dollars, uncertain calls at their worst; null where the price is not known.'),
  spentTokens: z
    .number()
    .int()
    .describe('Tokens of prompts and replies as the budget counts them: uncertain calls at their worst.'),
  identical: z
    .number()
    .int()
    .describe('Texts whose reasoned samples came back word for word the same: a cache, or temperature 0.'),
  callsMajorityWouldSave: z
    .number()
    .int()
    .describe('Calls that votes.stop = majority saves: would have under all, did under majority.'),
  escalated: z.number().int().describe('Texts that votes.plan asked more about because their votes disagreed.'),
  escalationMicros: z
    .number()
    .int()
    .nullable()
    .describe('Micro-dollars of the replies of that asking; null where the price is not known.'),
  teachers: z.record(z.string(), TeacherCounts).describe('By the name in votes.plan, of teachers that were asked.'),
});
export type AnnotationCounts = z.infer<typeof AnnotationCounts>;
