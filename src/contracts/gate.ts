/** Where a run waits for people, and what they answer. */
import { z } from 'zod';

export const GateName = z.enum(['labels', 'deployment']);
export type GateName = z.infer<typeof GateName>;

const decisionBase = {
  gate: GateName.describe('The gate that is meant: labels or deployment.'),
  reviewer: z.string().trim().min(1).max(200).describe('Who decides.'),
  note: z.string().max(2000).default('').describe('Why; needed to approve against a failed check.'),
  corrections: z
    .string()
    .nullable()
    .default(null)
    .describe("File of id and label (JSONL, CSV, Parquet) on the worker's disk, or store:PATH; gate labels only."),
  decisionId: z
    .string()
    .max(200)
    .nullable()
    .default(null)
    .describe('Sent again with the same id, a decision counts once.'),
};

/** Payload of the signals approve and reject. */
export const GateSignal = z.strictObject(decisionBase);
export type GateSignal = z.infer<typeof GateSignal>;

/** Payload of the update decide. */
export const GateDecision = z.strictObject({ ...decisionBase, decision: z.enum(['approve', 'reject']) });
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
  decision: z.enum(['approve', 'reject']),
  reviewer: z.string(),
  note: z.string(),
  automatic: z.boolean(),
  at: z.string().describe('ISO 8601 time of the decision.'),
  corrections: z.string().nullable(),
  checks: z.array(GateCheck),
});
export type GateOutcome = z.infer<typeof GateOutcome>;
