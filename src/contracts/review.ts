/** The labels gate's two samples: the fix queue, worst first, and the audit, drawn at random. */
import { z } from 'zod';
import { ArtifactRef } from './artifact.js';
import { LabelRow, VoteSummary } from './label.js';
import { PreparedRun } from './prepared-run.js';
import { Label } from './task.js';

/** One line of the review queue. */
export const ReviewRow = LabelRow.pick({ key: true, id: true, text: true, label: true, votes: true }).extend({
  doubt: z.number().min(0).max(1).describe('Estimated probability that the label is wrong.'),
  why: z.array(z.string()).describe('What speaks against the label, in words, the heaviest first.'),
  student: z
    .array(z.number())
    .nullish()
    .describe("Probabilities, in the labels' order, of a student that was trained without the row; none: no student."),
});
export type ReviewRow = z.infer<typeof ReviewRow>;

export const ReviewQueue = z.object({
  workflowId: z.string().describe('The run.'),
  task: z.string().describe("The task's name."),
  rows: ArtifactRef.describe('JSONL of ReviewRow, worst first: every text that may be trained on.'),
  texts: z.number().int(),
  labels: z.array(Label),
  guideline: z.string().nullish().describe('How to decide, as the teacher was told.'),
  seed: z.number().int(),
  confidence: z.number(),
  rankedAt: z.string().describe('ISO 8601.'),
  labelsVersion: VoteSummary.shape.labelsVersion,
  revision: z
    .number()
    .int()
    .optional()
    .describe('Number of the last revision that its labels know; absent: they are as they were first.'),
});
export type ReviewQueue = z.infer<typeof ReviewQueue>;

/** What a person said of one text. The latest one about a text that was not taken back counts, but an adjudication over all. */
export const ReviewDecision = z.object({
  key: z.string(),
  id: z.string(),
  label: z.string(),
  purpose: z.enum(['fix', 'audit']).describe("audit: the teacher's label was hidden."),
  reviewer: z.string(),
  at: z.string().describe('ISO 8601.'),
  adjudicates: z
    .boolean()
    .optional()
    .describe('It settles what people decided differently, and counts over their decisions, whenever they were made.'),
});
export type ReviewDecision = z.infer<typeof ReviewDecision>;

/** One line of the audit log: a decision, or that the reviewer took back the last one about the text. */
export const ReviewRecord = ReviewDecision.extend({
  label: z.string().nullable().describe('null: taken back.'),
});
export type ReviewRecord = z.infer<typeof ReviewRecord>;

/** A person's doubt about a gold label: figures are then shown with and without the row. */
export const GoldDispute = z.object({
  key: z.string(),
  id: z.string(),
  gold: z.string().describe('The label that is disputed.'),
  note: z.string().describe('Why, or which label would be right.'),
  reviewer: z.string(),
  at: z.string().describe('ISO 8601.'),
});
export type GoldDispute = z.infer<typeof GoldDispute>;

/** What another tool says of one label. It moves the text in the fix queue, and decides nothing. */
export const SecondOpinion = z.object({
  key: z.string(),
  tool: z.literal('cleanlab'),
  suspicious: z.boolean(),
  quality: z.number().min(0).max(1).describe('How well the label fits; 0: not at all.'),
  suggests: z.string().nullable().describe('The label that the tool would give.'),
});
export type SecondOpinion = z.infer<typeof SecondOpinion>;

/** A simple random sample of the labels that no person had looked at when it was drawn. Drawn once for each version of the
 *  labels. */
export const Audit = z.object({
  drawnBy: z.string(),
  drawnAt: z.string().describe('ISO 8601.'),
  population: z.number().int().describe("The teacher's labels that it was drawn from."),
  keys: z.array(z.string()).describe('Texts to look at, in their random order.'),
  decidedBefore: z.array(z.string()).describe('Texts that people had decided on, and that are not in the population.'),
});
export type Audit = z.infer<typeof Audit>;

export const RankInput = z.object({
  prepared: PreparedRun,
  labels: ArtifactRef,
  revision: z
    .object({ number: z.number().int(), labelsVersion: z.number().int() })
    .optional()
    .describe('The last one; absent: the labels are as they were first.'),
});
export type RankInput = z.infer<typeof RankInput>;

export const RankOutcome = z.object({ queue: ReviewQueue, evidence: z.string().describe('Markdown.') });
export type RankOutcome = z.infer<typeof RankOutcome>;
