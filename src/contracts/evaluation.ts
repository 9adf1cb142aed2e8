/** The report: who is how good, on the same rows. All shares are 0 to 1. */
import { z } from 'zod';
import { ArtifactRef } from './artifact.js';
import { Certificate } from './certificate.js';

export const Interval = z.object({ low: z.number(), high: z.number() });
export type Interval = z.infer<typeof Interval>;

export const ClassMetrics = z.object({
  precision: z.number(),
  recall: z.number(),
  f1: z.number(),
  support: z.number().int(),
});
export type ClassMetrics = z.infer<typeof ClassMetrics>;

export const ClassificationReport = z.object({
  rows: z.number().int(),
  unanswered: z.number().int().describe('Rows without a prediction; they count as wrong.'),
  accuracy: z.number(),
  accuracyInterval: Interval.describe('Wilson score interval.'),
  macroF1: z.number(),
  weightedF1: z.number(),
  perClass: z.record(z.string(), ClassMetrics),
  confusion: z.object({
    labels: z.array(z.string()),
    counts: z
      .array(z.array(z.number().int()))
      .describe('[true label][predicted label]; a last column counts rows without a prediction if there are any.'),
  }),
});
export type ClassificationReport = z.infer<typeof ClassificationReport>;

export const PairedComparison = z.object({
  first: z.string(),
  second: z.string(),
  rows: z.number().int(),
  onlyFirstRight: z.number().int(),
  onlySecondRight: z.number().int(),
  accuracyDifference: z.number().describe('first minus second.'),
  differenceInterval: Interval.describe(
    'Paired interval of the difference (Tango 1998 score, or Newcombe; see the docstring).',
  ),
  pValue: z.number().describe('Exact two-sided McNemar.'),
});
export type PairedComparison = z.infer<typeof PairedComparison>;

export const EvaluationReport = z.object({
  basis: z
    .enum(['gold', 'validation'])
    .describe("gold: experts' labels that no choice touched. validation: agreement with the teacher only."),
  confidence: z.number(),
  rows: z.number().int(),
  teacher: ClassificationReport.nullable(),
  student: ClassificationReport,
  champion: z.object({ version: z.number().int(), report: ClassificationReport }).nullable(),
  comparisons: z.array(PairedComparison),
  overlap: z.object({
    texts: z.number().int().describe('Texts found both in training and in test; they were left out of training.'),
  }),
  cost: z.object({
    teacherMicrosPerThousand: z.number().nullable().describe('Micro-dollars for a thousand texts, as this run paid.'),
    studentTextsPerSecond: z.number().nullable(),
  }),
  certificate: Certificate.nullish().describe("What an audit certifies of the teacher's labels, corrections included."),
});
export type EvaluationReport = z.infer<typeof EvaluationReport>;

export const EvaluationSummary = z.object({
  report: ArtifactRef,
  markdown: ArtifactRef,
  basis: z.enum(['gold', 'validation']),
  rows: z.number().int(),
  teacher: z.object({ accuracy: z.number(), macroF1: z.number(), interval: Interval }).nullable(),
  student: z.object({ accuracy: z.number(), macroF1: z.number(), interval: Interval }),
  champion: z.object({ version: z.number().int(), accuracy: z.number() }).nullable(),
});
export type EvaluationSummary = z.infer<typeof EvaluationSummary>;
