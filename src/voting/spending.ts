/** Arithmetic of spending, the same for every currency. What is not known stays unknown, and fits under no limit. */
import { type Budget, Currency, type Grant, type Spending } from '../contracts/index.js';

export const NOTHING_SPENT: Spending = { calls: 0, tokens: 0, micros: 0 };
export const NO_LIMIT: Grant = { calls: null, tokens: null, micros: null };

const MICROS_PER_USD = 1e6;

/** The limits that a budget sets. */
export function grantOf({ calls, tokens, usd }: Pick<Budget, 'calls' | 'tokens' | 'usd'>): Grant {
  return { calls, tokens, micros: usd === null ? null : Math.floor(usd * MICROS_PER_USD) };
}

export function addSpending(a: Spending, b: Spending): Spending {
  return { calls: a.calls + b.calls, tokens: a.tokens + b.tokens, micros: sum(a.micros, b.micros) };
}

export function subtractSpending(a: Spending, b: Spending): Spending {
  return {
    calls: a.calls - b.calls,
    tokens: a.tokens - b.tokens,
    micros: sum(a.micros, b.micros === null ? null : -b.micros),
  };
}

export function fits(spending: Spending, limits: Grant): boolean {
  return Currency.options.every((currency) => {
    const limit = limits[currency];
    return limit === null || (spending[currency] ?? Number.POSITIVE_INFINITY) <= limit;
  });
}

/** What may still be spent, never below 0. */
export function leftOf(limits: Grant, spent: Spending): Grant {
  return inEach((currency) => {
    const limit = limits[currency];
    return limit === null ? null : Math.max(0, limit - (spent[currency] ?? limit));
  });
}

export function inEach<Amount>(amountOf: (currency: Currency) => Amount): Record<Currency, Amount> {
  return { calls: amountOf('calls'), tokens: amountOf('tokens'), micros: amountOf('micros') };
}

function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
