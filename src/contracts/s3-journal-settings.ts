/** How journals are kept on S3, where each flush is an object, and a request that is paid. A matter of where workers and
 *  store stand, not of a task: so it comes from the environment. */
import { z } from 'zod';

export const S3JournalSettings = z.object({
  TUTELAGE_S3_JOURNAL_SECONDS: z.coerce
    .number()
    .min(0)
    .max(60)
    .default(0.02)
    .describe('How long a record waits for others that are written with it.'),
  TUTELAGE_S3_JOURNAL_RECORDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(500)
    .describe('So many records are written without waiting for more.'),
});
export type S3JournalSettings = z.infer<typeof S3JournalSettings>;
