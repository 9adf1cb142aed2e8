/** The key `teacher.batch` of the task file: questions handed over in files, answered within a day, for less. */
import { z } from 'zod';

export const BatchSettings = z.strictObject({
  priceFactor: z.number().gt(0).max(1).default(0.5).describe('What batches cost, as a share of the price.'),
  completionWindow: z
    .string()
    .regex(/^[1-9]\d{0,2}[hd]$/, 'hours or days: 24h, 7d')
    .default('24h')
    .describe('Within which the provider answers; what it has not answered by then is asked again.'),
  maxRequests: z.number().int().min(1).max(50_000).default(50_000).describe('Most questions of one batch.'),
  maxMegabytes: z.number().gt(0).max(200).default(100).describe('Largest file of one batch.'),
  pollSeconds: z
    .number()
    .min(1)
    .max(3600)
    .default(60)
    .describe(
      'Shortest pause between two looks at open batches. It grows to a tenth of the time that they have taken, at most 15 minutes.',
    ),
  listLagSeconds: z
    .number()
    .min(0)
    .max(3600)
    .default(600)
    .describe(
      'After a crash: a batch that the provider does not list so long after it may have been created was not created.',
    ),
});
export type BatchSettings = z.infer<typeof BatchSettings>;

/** Of a completion window. */
export function hoursOfWindow(window: string): number {
  return Number.parseInt(window, 10) * (window.endsWith('d') ? 24 : 1);
}
