/** Where a run waits for people, and what they answer. */
import { z } from 'zod';
import { PersonName } from './names.js';
import { Revision, RevisionPlan } from './revision.js';

export const GateName = z.enum(['labels', 'deployment']);
export type GateName = z.infer<typeof GateName>;

const decisionBase = {
  gate: GateName.describe('The gate that is meant: labels or deployment.'),
  reviewer: PersonName.describe('Who decides.'),
  note: z.string().max(2000).default('').describe('Why; needed to approve against a failed check.'),
  decisionId: z
    .string()
    .max(200)
    .nullable()
    .default(null)
    .describe('Sent again with the same id, a decision counts once.'),
};

const corrections = z
  .string()
  .nullable()
  .default(null)
  .describe("File of id and label (JSONL, CSV, Parquet) on the worker's disk, or store:PATH; gate labels only.");

/** Payload of the signals approve and reject. */
export const GateSignal = z.strictObject({ ...decisionBase, corrections });
export type GateSignal = z.infer<typeof GateSignal>;

/** Payload of the signal revise. */
export const RevisionSignal = z.strictObject({
  ...decisionBase,
  revision: Revision.describe('The new guideline, and the texts that are asked about again under it.'),
});
export type RevisionSignal = z.infer<typeof RevisionSignal>;

/** Payload of the update decide. */
export const GateDecision = z
  .strictObject({
    ...decisionBase,
    corrections,
    decision: z.enum(['approve', 'reject', 'revise']),
    revision: Revision.nullable()
      .default(null)
      .describe('With "revise": the new guideline, and the texts that are asked about again under it.'),
  })
  .superRefine(({ decision, revision }, context) => {
    if ((decision === 'revise') === (revision !== null)) return;
    const message =
      decision === 'revise'
        ? 'missing; give {"guideline": "...", "doubted": true}, or "labels": [...] for the texts that are asked about again'
        : `the decision "${decision}" takes none; decide "revise", or leave it out`;
    context.addIssue({ code: 'custom', path: ['revision'], message });
  });
export type GateDecision = z.infer<typeof GateDecision>;

export const GateCheck = z.object({
  name: z.string(),
  about: z.string().describe('What is compared, for people.'),
  value: z.number().nullable().describe('null: could not be computed.'),
  limit: z.number().nullable().describe('null: shown only.'),
  atLeast: z.boolean().describe('true: value >= limit passes; false: value <= limit.'),
  passed: z.boolean(),
});
export type GateCheck = z.infer<typeof GateCheck>;

export const GateOutcome = z.object({
  decision: z.enum(['approve', 'reject', 'revise']),
  reviewer: z.string(),
  note: z.string(),
  automatic: z.boolean(),
  at: z.string().describe('ISO 8601 time of the decision.'),
  corrections: z.string().nullable(),
  checks: z.array(GateCheck),
  revision: RevisionPlan.nullish().describe('What is asked again; the gate opens anew after it.'),
});
export type GateOutcome = z.infer<typeof GateOutcome>;
