/** A batch as the provider tells it. */
import { z } from 'zod';

export const BatchState = z.object({
  id: z.string(),
  status: z.enum([
    'validating',
    'failed',
    'in_progress',
    'finalizing',
    'completed',
    'expired',
    'cancelling',
    'cancelled',
  ]),
  input_file_id: z.string().nullish(),
  output_file_id: z.string().nullish(),
  error_file_id: z.string().nullish(),
  created_at: z.number().nullish(),
  expires_at: z.number().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish().catch(null),
  request_counts: z
    .object({ total: z.number().int(), completed: z.number().int(), failed: z.number().int() })
    .nullish()
    .catch(null),
  errors: z
    .object({ data: z.array(z.object({ code: z.string().nullish(), message: z.string().nullish() })).nullish() })
    .nullish()
    .catch(null),
});
export type BatchState = z.infer<typeof BatchState>;

/** It is over: nothing more is asked or billed. */
export function hasEnded({ status }: Pick<BatchState, 'status'>): boolean {
  return ['failed', 'completed', 'expired', 'cancelled'].includes(status);
}
