/** The report: who is how good, on the same rows. All shares are 0 to 1. */
import { z } from 'zod';
import { ArtifactRef } from './artifact.js';
import { Certificate } from './certificate.js';
import { Weighing } from './label.js';

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
  champion: z
    .object({
      version: z.number().int(),
      report: ClassificationReport,
      learned: z
        .number()
        .int()
        .nullish()
        .describe(
          'Rows whose text it was trained on: they are left out of the comparison with it. null: not known, since its labels are no longer in the store.',
        ),
    })
    .nullable(),
  comparisons: z.array(PairedComparison),
  overlap: z.object({
    texts: z.number().int().describe('Texts found both in training and in test; they were left out of training.'),
    alike: z
      .number()
      .int()
      .optional()
      .describe(
        'Test rows that a training text differs from in case, numbers, punctuation and the order of words alone.',
      ),
  }),
  cost: z.object({
    teacherMicrosPerThousand: z.number().nullable().describe('Micro-dollars for a thousand texts, as this run paid.'),
    studentTextsPerSecond: z.number().nullable(),
  }),
  undisputed: z
    .object({
      rows: z.number().int(),
      teacher: ClassificationReport.nullable(),
      student: ClassificationReport,
      comparisons: z.array(PairedComparison),
    })
    .nullish()
    .describe('The same on the gold rows whose label nobody disputes; null: no label is disputed, or all are.'),
  weighing: Weighing.nullish().describe('How votes became labels; none: by plain majority.'),
  certificate: Certificate.nullish().describe("What an audit certifies of the teacher's labels, corrections included."),
});
export type EvaluationReport = z.infer<typeof EvaluationReport>;

export const LadderStep = z.object({
  name: z.string(),
  step: z.number().int().describe('Of the ladder, from 0.'),
  agreement: z.number().describe('Share of rows answered as the labels say.'),
  interval: Interval.describe('Wilson score interval of the agreement.'),
  macroF1: z.number(),
  lossToBest: z.number().describe('Agreement of the best step minus its own.'),
  lossInterval: Interval.describe('Paired interval of that difference (Tango 1998).'),
  modelBytes: z.number().int().describe('Of the model that answers.'),
  textsPerSecond: z.number(),
  trainSeconds: z.number(),
  encoderLicence: z.string().nullish().describe('As in the TrainingSummary.'),
});
export type LadderStep = z.infer<typeof LadderStep>;

/** Which student of the ladder was taken, and why. */
export const LadderReport = z.object({
  rows: z.number().int().describe('Held-out rows that all steps were compared on.'),
  folds: z.number().int().describe('Folds that the rows were pooled from; 0: the validation split.'),
  margin: z.number(),
  confidence: z.number(),
  best: z.string().describe('Name of the step with the highest agreement.'),
  chosen: z.string(),
  steps: z.array(LadderStep),
  refused: z.array(z.object({ name: z.string(), reason: z.string() })).describe('Steps that could not be trained.'),
});
export type LadderReport = z.infer<typeof LadderReport>;

export const CurvePoint = z.object({
  examples: z.number().int().describe('Labels learned from.'),
  trainings: z.number().int().describe('Trainings on that many, each on other texts.'),
  agreement: z.number().describe('Mean share of held-out rows answered as the labels say.'),
});
export type CurvePoint = z.infer<typeof CurvePoint>;

/** Agreement by the number of labels, and what more of them would bring. */
export const LearningCurve = z.object({
  rows: z.number().int().describe('Held-out rows, the same for all trainings.'),
  confidence: z.number(),
  more: z.number().int().describe('Labels that may be added.'),
  points: z.array(CurvePoint),
  fit: z
    .object({ floor: z.number(), scale: z.number(), exponent: z.number() })
    .describe('error(n) = floor + scale / n^exponent.'),
  gain: z.number().describe('Agreement that the additional labels would bring.'),
  gainInterval: Interval.describe('Percentile bootstrap over the held-out rows.'),
});
export type LearningCurve = z.infer<typeof LearningCurve>;

export const EvaluationSummary = z.object({
  report: ArtifactRef,
  markdown: ArtifactRef,
  basis: z.enum(['gold', 'validation']),
  rows: z.number().int(),
  teacher: z.object({ accuracy: z.number(), macroF1: z.number(), interval: Interval }).nullable(),
  student: z.object({ accuracy: z.number(), macroF1: z.number(), interval: Interval }),
  champion: z
    .object({
      version: z.number().int(),
      accuracy: z.number().describe('On all rows.'),
      learned: z.number().int().nullish().describe('As in the report.'),
    })
    .nullable(),
});
export type EvaluationSummary = z.infer<typeof EvaluationSummary>;
