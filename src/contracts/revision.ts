/** A changed guideline: which texts the teacher is asked about again, and what came of it. */
import { z } from 'zod';
import { AnnotationCounts } from './reply.js';

/** What a reviewer asks for with the decision `revise`. */
export const Revision = z
  .strictObject({
    guideline: z.string().trim().min(1).max(50_000).describe('How to decide: the whole new text.'),
    doubted: z
      .boolean()
      .default(false)
      .describe('Texts whose votes name different labels, or decide nothing, are asked about again.'),
    labels: z
      .array(z.string())
      .default([])
      .describe("Texts to which the teacher's votes give one of these labels now are asked about again."),
    examples: z
      .number()
      .int()
      .min(0)
      .max(200)
      .default(0)
      .describe(
        "So many labels that people corrected become worked examples of the prompts, besides the task's own; as many of each label as there are.",
      ),
  })
  .refine(({ doubted, labels }) => doubted || labels.length > 0, {
    message: 'say which texts are asked about again: "doubted": true, or "labels": [...], or both',
  });
export type Revision = z.infer<typeof Revision>;

/** What a revision will ask, as its reviewer is told at once. */
export const RevisionPlan = z.object({
  number: z.number().int().describe('Counts the revisions of the run, from 1.'),
  texts: z.number().int().describe('Texts that are asked about again, gold rows among them.'),
  goldTexts: z.number().int(),
  decided: z
    .number()
    .int()
    .describe('Texts that it concerns, and that people have decided on: they are not asked about.'),
  examples: z.number().int().describe('Corrected labels that the prompts show.'),
  callsAtMost: z.number().int().describe('If no reply is known.'),
});
export type RevisionPlan = z.infer<typeof RevisionPlan>;

/** What is kept of a revision in the store: the guideline, by whom and when, and what it was to do. */
export const RevisionRecord = RevisionPlan.extend({
  revision: Revision,
  reviewer: z.string(),
  note: z.string(),
  at: z.string().describe('ISO 8601.'),
  shown: z
    .array(z.object({ key: z.string(), id: z.string(), label: z.string() }))
    .describe('The corrected labels that the prompts show.'),
  folder: z
    .string()
    .describe('Folder in the store of its task, with the guideline and the examples, and of its chunks.'),
});
export type RevisionRecord = z.infer<typeof RevisionRecord>;

/** What asking again did to the labels. */
export const RevisedLabels = z.object({
  unanswered: z.number().int().describe('Texts without all their new votes; they keep those that they had.'),
  changes: z
    .array(z.object({ from: z.string().nullable(), to: z.string().nullable(), texts: z.number().int() }))
    .describe("The teacher's labels that changed, of texts that may be trained on, the most first; null: no label."),
  agreement: z
    .object({ before: z.number().nullable(), after: z.number().nullable() })
    .describe(
      'Share of the pairs of votes about a text that name the same label, over the texts that have new votes; null: no pair.',
    ),
});
export type RevisedLabels = z.infer<typeof RevisedLabels>;

/** A revision that is done. */
export const RevisionOutcome = RevisionPlan.extend({
  ...RevisedLabels.shape,
  reviewer: z.string(),
  note: z.string(),
  at: z.string().describe('ISO 8601 time of the decision.'),
  calls: AnnotationCounts.shape.calls,
  reused: AnnotationCounts.shape.reused,
  spentMicros: AnnotationCounts.shape.spentMicros,
});
export type RevisionOutcome = z.infer<typeof RevisionOutcome>;
