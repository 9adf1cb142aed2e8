/** What the votes, or a person, decided for a text. */
import { z } from 'zod';
import { ArtifactRef } from './artifact.js';
import { Certificate } from './certificate.js';
import { Unreadable } from './reply.js';
import { AggregationMethod, PromptStyle } from './vote-settings.js';

export const LabelRow = z.object({
  key: z.string(),
  id: z.string(),
  text: z.string(),
  part: z.number().int().optional().describe('File of its first row, as in TextRow.'),
  line: z.number().int(),
  label: z.string().nullable().describe('null: the votes decided nothing.'),
  distribution: z
    .record(z.string(), z.number())
    .describe('Share of the counted votes for each label that got any (soft label).'),
  agreement: z.number().nullable().describe('Share of the counted votes that fell on the label; null without one.'),
  reason: z.string().nullable().describe('Reason of the first vote for the label.'),
  votes: z.array(
    z.object({
      teacher: z.string().optional().describe("Absent: the task's own teacher."),
      prompt: PromptStyle,
      sample: z.number().int(),
      label: z.string().nullable(),
      reason: z.string().nullable(),
      unreadable: Unreadable.nullable(),
      probability: z.number().optional().describe('As in Vote.'),
    }),
  ),
  source: z.enum(['teacher', 'person']),
  correctedBy: z.string().nullable().describe('Reviewer whose correction replaced the label.'),
  teacherLabel: z.string().nullable().describe("The teacher's label, before any correction."),
  revision: z
    .number()
    .int()
    .optional()
    .describe("Number of the revision that its votes are of; absent: they were asked for under the task's guideline."),
  gold: z.string().nullable(),
  gateGold: z.boolean(),
  set: z.enum(['corpus', 'gold']),
});
export type LabelRow = z.infer<typeof LabelRow>;

const share = z.number().min(0).max(1);

/** How far annotators agree, be they people or votes. A vote is named after its teacher (where there are several), its prompt and its
 *  number: "reasoned 1". */
export const NamedAgreement = z.object({
  texts: z.number().int().describe('That several of them labelled.'),
  raw: share.describe('Of the pairs of votes about one text, those that name the same label.'),
  alpha: z
    .number()
    .nullable()
    .describe("Krippendorff's, nominal; null: not defined, as where all votes name one label."),
  alphaInterval: z
    .object({ low: z.number(), high: z.number(), confidence: z.number() })
    .nullable()
    .describe('Bootstrap.'),
  perLabel: z
    .record(z.string(), z.number().nullable())
    .describe('Alpha of the question whether a vote names this label or another; null where it is not defined.'),
  perPair: z.array(z.object({ first: z.string(), second: z.string(), share, texts: z.number().int() })),
});
export type NamedAgreement = z.infer<typeof NamedAgreement>;

/** Of the votes of a run. */
export const AgreementReport = NamedAgreement.extend({
  quality: z
    .record(z.string(), share)
    .nullable()
    .describe('Estimated share of right votes, where votes are weighed; null: they count alike.'),
});
export type AgreementReport = z.infer<typeof AgreementReport>;

/** How the votes became labels, where that had to be chosen or the task weighs them. */
export const Weighing = z.object({
  method: AggregationMethod,
  why: z
    .enum(['task', 'gold rows', 'no gold rows', 'not every vote', 'unreadable votes'])
    .describe(
      'task: it names the method. gold rows: it was right most often on those set apart for the labels gate. The others: why these did not choose, although the task sets gold rows apart; there are none, not every vote is asked of every text, or unreadable votes count.',
    ),
  gold: z
    .object({
      rows: z.number().int(),
      right: z.array(z.object({ method: AggregationMethod, texts: z.number().int() })).describe('By each method.'),
    })
    .nullable()
    .describe('What it was chosen on; null: on nothing.'),
});
export type Weighing = z.infer<typeof Weighing>;

export const VoteSummary = z.object({
  labels: ArtifactRef.describe('JSONL of LabelRow.'),
  replies: ArtifactRef.describe('JSONL of recorded replies: the run can be repeated from it without paying.'),
  texts: z.number().int().describe('Texts of the corpus.'),
  labelled: z.number().int(),
  ties: z.number().int().describe('Texts whose best labels drew.'),
  disagreeing: z.number().int().describe('Texts whose readable votes were not all the same.'),
  escalated: z
    .object({
      texts: z.number().int(),
      changed: z.number().int().describe('Those whose label is another one than the votes before decided.'),
    })
    .nullish()
    .describe('Texts that more was asked about because their votes disagreed; none: the plan asks all texts alike.'),
  perLabel: z
    .record(z.string(), z.number().int())
    .describe('Training texts of each label: of the corpus, without gold rows.'),
  alpha: z
    .number()
    .nullable()
    .describe("Krippendorff's alpha (nominal) of the corpus's votes; null where it is not defined."),
  gateGold: z
    .object({ rows: z.number().int(), correct: z.number().int() })
    .describe("Gold rows set apart for the labels gate, and the teacher's right answers."),
  weighing: Weighing.nullish().describe('none: plain majority, and nothing to choose from.'),
  agreement: ArtifactRef.nullish().describe('JSON of AgreementReport; none: no two votes about a text.'),
  certificate: Certificate.nullish().describe('What the audit certifies of the labels; null: there was none.'),
  labelsVersion: z
    .number()
    .int()
    .nullish()
    .describe('How many revisions have changed labels. An audit certifies the labels of its version alone.'),
});
export type VoteSummary = z.infer<typeof VoteSummary>;
