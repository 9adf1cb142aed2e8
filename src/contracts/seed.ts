/** What draws, samples and trainings begin from. */
import { z } from 'zod';

export const Seed = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1);
