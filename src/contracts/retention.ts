/** How long a store keeps what is not needed to use or to explain a registered model. */
import { z } from 'zod';

export const RetentionPolicy = z.strictObject({
  keepDays: z.coerce
    .number()
    .min(0)
    .max(36_500)
    .default(90)
    .describe('Runs that ended, and replies that came, within so many days stay.'),
  abandonedDays: z.coerce
    .number()
    .min(0)
    .max(36_500)
    .nullable()
    .default(null)
    .describe(
      'Runs without an end that nothing was written to for so many days count as ended then, unless the server has them open; without: they stay.',
    ),
});
export type RetentionPolicy = z.infer<typeof RetentionPolicy>;
