import { z } from 'zod';

/** What the audit certifies of the labels that are shipped, corrections included. */
export const Certificate = z.object({
  labels: z.number().int().describe('Labels that are shipped.'),
  population: z.number().int(),
  sampled: z
    .number()
    .int()
    .describe(
      'Labels of the audit that count: all up to the last one that was decided, or up to the first one that is open.',
    ),
  wrong: z.number().int().describe('Wrong ones among them; one that was passed over counts as wrong.'),
  mostWrong: z.number().int().describe('Wrong labels that are shipped, at most.'),
  mostWrongShare: z.number().describe('mostWrong as a share of labels.'),
  confidence: z.number(),
});
export type Certificate = z.infer<typeof Certificate>;
