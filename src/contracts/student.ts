/** The student: what it is trained from and what training leaves. */
import { z } from 'zod';
import { ArtifactRef } from './artifact.js';

/** One line of a training file. */
export const TrainingExample = z.object({
  text: z.string(),
  target: z.array(z.number()).describe("Probabilities over the task's labels, in their order; they sum to 1."),
  validation: z.boolean().describe('Held out of fitting; choices are made on it.'),
  weight: z.number().min(0).optional().describe('How much it counts next to the others; absent: 1.'),
});
export type TrainingExample = z.infer<typeof TrainingExample>;

export const TrainingProgress = z.object({
  phase: z.string().describe('For people: "features", "C = 10", "export".'),
  done: z.number().describe('Share of the work done, 0 to 1.'),
  steps: z
    .object({
      done: z.number().int(),
      of: z.number().int(),
      loss: z.number().describe('Mean of the last steps, in nats.'),
      examplesPerSecond: z.number(),
      secondsLeft: z.number(),
    })
    .optional()
    .describe('Where training goes step by step.'),
});
export type TrainingProgress = z.infer<typeof TrainingProgress>;

/** How the training of the moment goes: the heartbeat of `distill`, which now and then also tells its workflow. */
export const TrainingNews = TrainingProgress.extend({
  student: z.string().describe('Which one: "fine-tuned all-MiniLM-L6-v2, without fold 2 of 5".'),
});
export type TrainingNews = z.infer<typeof TrainingNews>;

export const TrainingSummary = z.object({
  kind: z.string(),
  candidate: z.number().int().nullish().describe('Index among the students of a ladder; null: it was the only one.'),
  folder: z.string().describe("The student's folder in the store."),
  files: z.array(ArtifactRef),
  trainSeconds: z.number(),
  cpuSeconds: z
    .number()
    .nullish()
    .describe('What the cores worked for it, killed attempts included: its estimated energy follows.'),
  choiceCpuSeconds: z.number().nullish().describe('As cpuSeconds, of all trainings that choiceSeconds counts.'),
  choiceSeconds: z
    .number()
    .nullish()
    .describe('Of a ladder: of all trainings together, those of other students and of folds too.'),
  threads: z.number().int().nullish().describe('Logical cores of the machine that trained.'),
  memoryMb: z
    .object({
      stated: z.number().int().describe('What training was thought to need beforehand.'),
      peak: z.number().int().describe('The most that its process held.'),
    })
    .nullish()
    .describe('null: of students that did not tell.'),
  encoderLicence: z
    .string()
    .nullish()
    .describe("As the encoder's own model card names it; null: it names none; absent: there is no encoder."),
  examples: z.number().int().describe('Texts fitted on in the end, validation included once choices are made.'),
  validation: z.object({
    rows: z.number().int(),
    agreement: z
      .number()
      .describe(
        "Share of validation rows that the model that answers gives the teacher's label, before a final fit on all rows.",
      ),
  }),
  chosen: z.record(z.string(), z.number()).describe('What was chosen on the validation split: {C: 10}.'),
  candidates: z.array(z.record(z.string(), z.number())).describe('Every candidate with its figures.'),
  parity: z.object({
    rows: z.number().int(),
    maxDifference: z
      .number()
      .describe('Largest difference of a probability between the trained and the exported model.'),
  }),
});
export type TrainingSummary = z.infer<typeof TrainingSummary>;
