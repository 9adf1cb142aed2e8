/** What calls cost, in whole micro-dollars (millionths of a US dollar), never rounded down. */
import type { Spending, TeacherSettings } from '../contracts/index.js';
import { type Price, shippedCatalogue, type TeacherCatalogue } from './catalogue.js';
import type { ChatMessage } from './teacher.js';
import { ROUTER } from './teacher-host.js';

const MICROS = 1e6;
/** Tokens that a chat template may put around a message. */
const TEMPLATE_TOKENS = 8;

/** The task's own price, else the router's as config/teachers.yaml (or the given catalogue) has it, else null: never a guess.
 *  Other endpoints have no known price. A recording costs nothing. In batches it is the task's share of that. */
export async function priceOf(settings: TeacherSettings, catalogue?: TeacherCatalogue): Promise<Price | null> {
  const price = await priceAtOnce(settings, catalogue);
  if (price === null || settings.batch === null) return price;
  const { priceFactor } = settings.batch;
  return {
    inputPerMillion: price.inputPerMillion * priceFactor,
    outputPerMillion: price.outputPerMillion * priceFactor,
  };
}

/** Of a call that is not in a batch. */
async function priceAtOnce(settings: TeacherSettings, catalogue?: TeacherCatalogue): Promise<Price | null> {
  if (settings.price !== null) return settings.price;
  if (settings.provider === 'recorded') return { inputPerMillion: 0, outputPerMillion: 0 };
  const onRouter = settings.url === null || new URL(settings.url).host === ROUTER.host;
  if (settings.provider !== 'huggingface' || !onRouter) return null;
  const { teachers } = catalogue ?? (await shippedCatalogue());
  return teachers.find(({ model }) => model === settings.model)?.price ?? null;
}

/** Micro-dollars of a call, rounded up. Prices count to a millionth of a dollar per million tokens, so that sums are of
 *  whole numbers. */
export function callCostMicros(price: Price, inputTokens: number, outputTokens: number): number {
  const input = inputTokens * Math.round(price.inputPerMillion * MICROS);
  const output = outputTokens * Math.round(price.outputPerMillion * MICROS);
  return Math.ceil((input + output) / MICROS);
}

/** The most that a call can come to. A token of text is at least one byte of UTF-8 in every tokenizer in use, so bytes bound
 *  the prompt's tokens, with a lot to spare for what servers add (template, schema). price: null where it is not known. */
export function worstCall(price: Price | null, messages: readonly ChatMessage[], maxTokens: number): Spending {
  const prompt = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content) + TEMPLATE_TOKENS, 0);
  return { calls: 1, tokens: prompt + maxTokens, micros: price && callCostMicros(price, prompt, maxTokens) };
}
