/** The key `student` of the task file: what is trained. */
import { z } from 'zod';

const studentBase = {
  targets: z
    .enum(['soft', 'hard'])
    .default('soft')
    .describe('Learn the distribution of the votes, or the label alone.'),
  maxMemoryMb: z.number().int().min(64).default(4096).describe('Training that needs more is refused beforehand.'),
};

export const LinearSettings = z.strictObject({
  // Optional too, so that settings without a kind are these.
  kind: z
    .literal('linear')
    .optional()
    .default('linear')
    .describe('Hashed n-grams, TF-IDF and multinomial logistic regression; no download.'),
  ...studentBase,
  buckets: z
    .number()
    .int()
    .min(1024)
    .max(2 ** 24)
    .default(2 ** 18)
    .describe('N-grams with a weight for each label, at most; of more, those of the fewest texts are left out.'),
  strengths: z
    .array(z.number().positive())
    .min(1)
    .default([0.3, 1, 3, 10, 30])
    .describe('Inverse regularisation strengths (C) to choose from on the validation split.'),
});
export type LinearSettings = z.infer<typeof LinearSettings>;

/** Of kinds that begin with a pretrained encoder. */
const encoderBase = {
  ...studentBase,
  encoder: z
    .string()
    .min(1)
    .describe(
      "The encoder: a folder in the Hub's layout on the worker's disk (./folder, /folder), or a repository on the Hub.",
    ),
  revision: z
    .string()
    .min(1)
    .default('main')
    .describe("Revision of the Hub's repository; a commit pins the encoder for good."),
  quantise: z
    .boolean()
    .default(true)
    .describe('Also make an INT8 model, and answer with it where its labels are those of the float32 model (99 %).'),
  maxLength: z.number().int().min(8).max(8192).default(128).describe('Tokens of a text; the rest is cut off.'),
  prefix: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'What stands before each text ("query: "); null: what the encoder\'s sentence-transformers files ask for.',
    ),
};

export const FrozenSettings = z.strictObject({
  kind: z
    .literal('frozen')
    .describe('A pretrained encoder as it is, with logistic regression on its pooled output: one pass over the texts.'),
  ...encoderBase,
  strengths: z
    .array(z.number().positive())
    .min(1)
    .default([0.01, 0.03, 0.1, 0.3, 1])
    .describe('Inverse regularisation strengths (C) to choose from on the validation split.'),
});
export type FrozenSettings = z.infer<typeof FrozenSettings>;

const Epochs = z.number().int().min(1).max(100).nullable();

export const EncoderSettings = z.strictObject({
  kind: z.literal('encoder').describe('A pretrained encoder (BERT, MiniLM, DistilBERT, RoBERTa, XLM-R), fine-tuned.'),
  ...encoderBase,
  epochs: Epochs.default(null).describe(
    'Times that training goes over the examples. null: 4, and over few so many that it takes 240 steps, 20 at most.',
  ),
  patience: z
    .number()
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Epochs without a lower validation loss after which training stops; the best epoch is kept. null: half of the epochs.',
    ),
  learningRate: z.number().positive().max(1).default(1e-4).describe('The highest; it warms up to it and falls to 0.'),
  batchSize: z.number().int().min(1).max(512).default(16).describe('Examples of one training step.'),
  microBatchTokens: z
    .number()
    .int()
    .min(8)
    .default(512)
    .describe(
      'Tokens that are gone through at once; a step with more adds up the gradients of its parts. Fewer need less memory.',
    ),
  classWeights: z
    .union([z.enum(['none', 'balanced']), z.record(z.string(), z.number().positive())])
    .default('none')
    .describe(
      'How much labels count in the loss. none: alike; balanced: the rarer the more; {complaint: 3}: by hand, others 1.',
    ),
  sampleWeights: z
    .enum(['none', 'agreement'])
    .default('none')
    .describe(
      'How much texts count in the loss. none: alike; agreement: as the share of votes that fell on their label.',
    ),
});
export type EncoderSettings = z.infer<typeof EncoderSettings>;

/** What is trained as one student. */
export const OneStudentSettings = z.discriminatedUnion('kind', [LinearSettings, FrozenSettings, EncoderSettings]);
export type OneStudentSettings = z.infer<typeof OneStudentSettings>;

const LADDER_ENCODER = 'sentence-transformers/all-MiniLM-L6-v2';

export const LadderSettings = z.strictObject({
  kind: z
    .literal('ladder')
    .describe('Several students, from the cheapest to the dearest; the first that is good enough is taken.'),
  maxMemoryMb: studentBase.maxMemoryMb,
  steps: z
    .array(OneStudentSettings)
    .min(1)
    .max(20)
    .prefault([
      { kind: 'linear' },
      { kind: 'frozen', encoder: LADDER_ENCODER },
      { kind: 'encoder', encoder: LADDER_ENCODER },
    ])
    .describe(
      'The students, in the order of what they cost to run. Without: linear, all-MiniLM-L6-v2 (Apache-2.0, 22.7 million parameters) as it is, and the same fine-tuned.',
    ),
  margin: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe('Agreement with the labels that a step may lose to the best one and still be taken.'),
  foldsBelow: z
    .number()
    .int()
    .min(0)
    .default(2000)
    .describe(
      'With fewer labelled texts than this, steps are compared on five folds of them instead of the validation split alone; 0: never.',
    ),
  search: z
    .strictObject({
      learningRates: z.array(z.number().positive().max(1)).min(1).max(10).default([2e-5, 5e-5, 1e-4]),
      epochs: z.array(Epochs).min(1).max(5).default([null]),
      minutes: z.number().positive().default(60).describe('No further candidate is begun after so long.'),
    })
    .nullable()
    .default(null)
    .describe('Learning rates and epochs to try for each encoder that is fine-tuned; null: those of the step.'),
});
export type LadderSettings = z.infer<typeof LadderSettings>;

export const StudentSettings = z.discriminatedUnion('kind', [
  LinearSettings,
  FrozenSettings,
  EncoderSettings,
  LadderSettings,
]);
export type StudentSettings = z.infer<typeof StudentSettings>;

/** What of the settings does not fit the task's labels. */
export function studentProblems(
  student: StudentSettings,
  labels: readonly string[],
): { path: (string | number)[]; message: string }[] {
  const steps = student.kind === 'ladder' ? student.steps : [student];
  return steps.flatMap((step, index) => {
    if (step.kind !== 'encoder' || typeof step.classWeights === 'string') return [];
    const path = ['student', ...(student.kind === 'ladder' ? ['steps', index] : []), 'classWeights'];
    const strangers = Object.keys(step.classWeights).filter((name) => !labels.includes(name));
    return strangers.map((name) => ({
      path: [...path, name],
      message: `"${name}" is not one of the labels: ${labels.join(', ')}`,
    }));
  });
}
