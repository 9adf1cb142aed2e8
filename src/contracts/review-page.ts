/** What the review page sends to its server. */
import { z } from 'zod';
import { GateDecision } from './gate.js';
import { ReviewDecision } from './review.js';

const version = z
  .number()
  .int()
  .min(0)
  .describe('Records about the text that the reviewer has seen; with others since then, nothing is written.');

export const DecideRequest = z.strictObject({
  key: z.string(),
  label: z.string(),
  sample: ReviewDecision.shape.purpose,
  version,
  adjudicates: z.boolean().default(false).describe('Settles what people decided differently, and counts over theirs.'),
});
export type DecideRequest = z.infer<typeof DecideRequest>;

/** The reviewer takes back the own last decision about a text. */
export const WithdrawRequest = z.strictObject({ key: z.string(), version });
export type WithdrawRequest = z.infer<typeof WithdrawRequest>;

/** The reviewer and the corrections are known to the server. */
export const GateRequest = z.strictObject({
  gate: GateDecision.shape.gate,
  decision: GateDecision.shape.decision.exclude(['revise']),
  note: GateDecision.shape.note,
  decisionId: z.string().min(1).max(200),
});
export type GateRequest = z.infer<typeof GateRequest>;

/** Rows to decide on, one by one: the most doubtful ones, those of the audit, those of the audit that others have decided and this
 *  reviewer has not, and those that people decided differently. */
export const QueueName = z.enum(['fix', 'audit', 'again', 'differing']);
export type QueueName = z.infer<typeof QueueName>;

/** Query of a queue; everything comes as text. */
export const QueueQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0).describe('Only rows behind this place of the queue.'),
});

/** Query of the table; everything comes as text. */
export const RowsQuery = z.strictObject({
  sample: ReviewDecision.shape.purpose.optional().describe('Only of this sample.'),
  state: z.enum(['open', 'decided', 'changed', 'differing']).optional(),
  label: z.string().optional().describe('Whose label, as it stands now, is this one; empty: none.'),
  search: z.string().max(1000).optional(),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type RowsQuery = z.infer<typeof RowsQuery>;
