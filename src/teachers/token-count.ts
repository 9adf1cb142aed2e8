/** Token counts as providers tell them. One that can't be is none, and the call counts at its worst. */
import { z } from 'zod';

/** No context holds so many, and what they cost is a whole number that a sum can hold. */
const MOST_TOKENS = 1e9;

const TokenCount = z.number().int().min(0).max(MOST_TOKENS);

/** of: what was counted. Where that is not empty, 0 is what servers say that do not count. null: not told. */
export function tokenCount(told: unknown, of: { readonly isEmpty: boolean }): number | null {
  const { data } = TokenCount.safeParse(told);
  return data === undefined || (data === 0 && !of.isEmpty) ? null : data;
}
