/** What calls cost, in whole micro-dollars (millionths of a US dollar), never rounded down. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseOrExplain, type Spending, type TeacherSettings } from '../contracts/index.js';
import { ROUTER_HOST } from './huggingface-teacher.js';
import type { ChatMessage } from './teacher.js';

const PriceFields = z.strictObject({
  inputPerMillion: z.number().min(0).describe('US dollars for a million tokens of prompt.'),
  outputPerMillion: z.number().min(0).describe('US dollars for a million tokens of reply.'),
});

export type Price = z.infer<typeof PriceFields>;

/** config/teachers.yaml: models on the Hub's router, what they cost and what their licence says. */
export const TeacherCatalogue = z.strictObject({
  teachers: z.array(
    z.strictObject({
      model: z.string().min(1).describe("As in teacher.model, with the router's provider: name/model:provider."),
      price: PriceFields.nullable().describe('null: no source tells it; see the note.'),
      licence: z.string().describe("Of the model's weights."),
      trainingOnOutputs: z
        .enum(['allowed', 'with conditions', 'unknown'])
        .describe("Whether the licence lets a student learn from the model's answers."),
      source: z.url().nullable().describe('Where the price was read.'),
      asOf: z.iso.date().nullable().describe('When the source said so.'),
      note: z.string().default(''),
    }),
  ),
});
export type TeacherCatalogue = z.infer<typeof TeacherCatalogue>;

const MICROS = 1e6;
/** Tokens that a chat template may put around a message. */
const TEMPLATE_TOKENS = 8;

/** The task's own price, else the router's as config/teachers.yaml has it (or the given YAML), else null: never a guess.
 *  Other endpoints have no known price. A recording costs nothing. */
export async function priceOf(settings: TeacherSettings, catalogueYaml?: string): Promise<Price | null> {
  if (settings.price !== null) return settings.price;
  if (settings.provider === 'recorded') return { inputPerMillion: 0, outputPerMillion: 0 };
  const onRouter = settings.url === null || new URL(settings.url).host === ROUTER_HOST;
  if (settings.provider !== 'huggingface' || !onRouter) return null;
  const { teachers } = readCatalogue(catalogueYaml ?? (await readFile(shippedCatalogue(), 'utf8')));
  return teachers.find(({ model }) => model === settings.model)?.price ?? null;
}

/** Throws an Error that names each problem of the file. */
export function readCatalogue(yaml: string): TeacherCatalogue {
  const parsed = parseOrExplain(TeacherCatalogue, parse(yaml));
  if (!parsed.ok) throw new Error(`config/teachers.yaml is not right:\n${parsed.problems}`);
  return parsed.value;
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

/** src/teachers and dist/teachers lie equally deep in the package. */
function shippedCatalogue(): URL {
  return new URL('../../config/teachers.yaml', import.meta.url);
}
