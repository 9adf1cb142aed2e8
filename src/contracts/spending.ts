/** What calls use up, and what limits it: one shape for all currencies, so that one piece of code keeps to all of them. */
import { z } from 'zod';

export const Currency = z.enum(['calls', 'tokens', 'micros']);
export type Currency = z.infer<typeof Currency>;

/** The most that a budget may name of each: sums of such are whole numbers that JSON keeps. */
export const MOST_BUDGET = { usd: 1e8, calls: 1e12, tokens: 1e13 };

/** What calls have come to, or may come to at worst. */
export const Spending = z.object({
  calls: z.number().int().describe('Requests sent to the teacher.'),
  tokens: z.number().int().describe('Of prompts and replies together.'),
  micros: z.number().int().nullable().describe('Micro-dollars; null: the price is not known.'),
});
export type Spending = z.infer<typeof Spending>;

/** The most of each currency. null: no limit. */
export const Grant = z.object({
  calls: z.number().int().nullable(),
  tokens: z.number().int().nullable(),
  micros: z.number().int().nullable(),
});
export type Grant = z.infer<typeof Grant>;
