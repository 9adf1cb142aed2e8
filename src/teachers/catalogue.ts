/** config/teachers.yaml: what is known of models and providers besides what they answer. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseOrExplain } from '../contracts/index.js';

const PriceFields = z.strictObject({
  inputPerMillion: z.number().min(0).describe('US dollars for a million tokens of prompt.'),
  outputPerMillion: z.number().min(0).describe('US dollars for a million tokens of reply.'),
});

export type Price = z.infer<typeof PriceFields>;

export const TeacherCatalogue = z.strictObject({
  teachers: z
    .array(
      z.strictObject({
        model: z.string().min(1).describe("As in teacher.model, with the router's provider: name/model:provider."),
        price: PriceFields.nullable().describe('null: no source tells it; see the note.'),
        activeParameters: z
          .number()
          .positive()
          .nullable()
          .default(null)
          .describe('Billions of parameters that work on each token; null: not known.'),
        licence: z.string().describe("Of the model's weights."),
        trainingOnOutputs: z
          .enum(['allowed', 'with conditions', 'unknown'])
          .describe("Whether the licence lets a student learn from the model's answers."),
        source: z.url().nullable().describe('Where the price was read.'),
        asOf: z.iso.date().nullable().describe('When the source said so.'),
        note: z.string().default(''),
      }),
    )
    .describe("Models on the Hub's router, what they cost and what their licence says."),
  providers: z
    .array(
      z.strictObject({
        name: z.string().min(1).describe('What teacher.acceptTermsOf names.'),
        hosts: z.array(z.string().min(1)).describe("Hosts of the provider's API; they and those below them count."),
        models: z.array(z.string().min(1)).describe("Beginnings of its models' names, wherever they are served."),
        terms: z.url().describe('Its terms of use.'),
        asOf: z.iso.date().describe('From when on the version that was read is in force.'),
        forbids: z.string().min(1).describe('What they forbid, in short; ends a sentence that begins with "they".'),
      }),
    )
    .default([])
    .describe('Providers whose terms keep their customers from training on the answers, and whose models they are.'),
});
export type TeacherCatalogue = z.infer<typeof TeacherCatalogue>;

/** Throws an Error that names each problem of the file. */
export function readCatalogue(yaml: string): TeacherCatalogue {
  const parsed = parseOrExplain(TeacherCatalogue, parse(yaml));
  if (!parsed.ok) throw new Error(`config/teachers.yaml is not right:\n${parsed.problems}`);
  return parsed.value;
}

export async function shippedCatalogue(): Promise<TeacherCatalogue> {
  // src/teachers and dist/teachers lie equally deep in the package.
  return readCatalogue(await readFile(new URL('../../config/teachers.yaml', import.meta.url), 'utf8'));
}
