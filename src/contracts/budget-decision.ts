/** Where a run waits for more budget, and what people answer. */
import { z } from 'zod';
import { PersonName } from './names.js';
import { Grant, MOST_BUDGET } from './spending.js';

const more = (most: number, about: string) => z.number().positive().max(most).nullable().default(null).describe(about);

/** Payload of the update and of the signal raiseBudget. */
export const BudgetDecision = z
  .strictObject({
    usd: more(MOST_BUDGET.usd, 'US dollars to add to the budget; null: none.'),
    calls: more(MOST_BUDGET.calls, 'Calls to add; null: none.').pipe(z.number().int().nullable()),
    tokens: more(MOST_BUDGET.tokens, 'Tokens to add; null: none.').pipe(z.number().int().nullable()),
    goOn: z
      .boolean()
      .default(false)
      .describe('Nothing is added: the run that waits goes on with the labels there are.'),
    reviewer: PersonName.describe('Who decides.'),
    note: z.string().max(2000).default('').describe('Why.'),
    decisionId: z
      .string()
      .max(200)
      .nullable()
      .default(null)
      .describe('Sent again with the same id, a decision counts once.'),
  })
  .refine(({ usd, calls, tokens, goOn }) => goOn !== ((usd ?? calls ?? tokens) !== null), {
    message: 'say what to add (usd, calls or tokens), or goOn: true, not both',
  });
export type BudgetDecision = z.infer<typeof BudgetDecision>;

export const BudgetOutcome = z.object({
  added: z.object({ usd: z.number(), calls: z.number().int(), tokens: z.number().int() }),
  goOn: z.boolean().describe('The run goes on with the labels there are.'),
  reviewer: z.string().describe('deadline: nobody decided in time.'),
  note: z.string(),
  at: z.string().describe('ISO 8601 time of the decision.'),
  limits: Grant.describe('The budget from then on.'),
});
export type BudgetOutcome = z.infer<typeof BudgetOutcome>;

/** A run's budget as its root keeps it. */
export const RunBudgetState = z.object({
  limits: Grant,
  outcomes: z.array(z.object({ decisionId: z.string().nullable(), outcome: BudgetOutcome })),
  waits: z.boolean().describe('When it is used up, the run waits for a decision.'),
});
export type RunBudgetState = z.infer<typeof RunBudgetState>;

/** A shard's part of the budget, as its root tells it. */
export const ShardBudget = z.object({
  version: z.number().int().describe('Counts the decisions; a later one replaces an earlier one.'),
  limits: Grant.describe('The most that the shard may spend in all.'),
  waits: z.boolean().describe('Chunks that lack budget wait for a later version.'),
});
export type ShardBudget = z.infer<typeof ShardBudget>;
