/** What the student's HTTP server is asked, in the shape of the Hugging Face Hub's text classification. */
import { z } from 'zod';

/** A text, or the columns that the task's template makes one of. */
const ServedText = z.union([z.string(), z.record(z.string(), z.unknown())]);

export const PredictRequest = z.strictObject({
  inputs: z
    .union([ServedText, z.array(ServedText).max(10_000)])
    .describe('A text, or an array of texts; an object of columns where the task makes its texts of several.'),
  parameters: z
    .strictObject({
      top_k: z.number().int().min(1).nullable().default(null).describe('The best so many labels; null: all.'),
    })
    .prefault({}),
});
export type PredictRequest = z.infer<typeof PredictRequest>;

export const ServeSettings = z.strictObject({
  refreshSeconds: z.number().min(0.1).max(86_400).default(10).describe('How often the deployed version is looked up.'),
  maxWaitingTexts: z
    .number()
    .int()
    .min(1)
    .default(20_000)
    .describe('Texts that may wait for an answer at once; of more, requests are refused with 503.'),
  maxBodyBytes: z
    .number()
    .int()
    .min(1024)
    .default(16 * 2 ** 20)
    .describe('Bytes of a request, at most.'),
});
export type ServeSettings = z.infer<typeof ServeSettings>;
