/** Texts to the inputs of an encoder's model, in runs of similar lengths. */
import { z } from 'zod';
import type { Featuriser, ModelRun } from '../student.js';
import { StudentFolderError } from '../student-errors.js';
import { readFolderJson } from '../student-folder.js';
import { padBatch, tokenBatches } from './batches.js';
import { openTokeniser, type Tokeniser } from './tokeniser.js';

/** What config.json of an encoder student holds beside the Hub's own fields. */
export const EncoderExport = z.object({
  tutelage: z.object({
    max_length: z.number().int().min(1).describe('Tokens of a text; the rest is cut off.'),
    pooling: z.enum(['mean', 'first']),
    prefix: z.string().default('').describe('What tokenizer.json puts before each text.'),
  }),
});
export type EncoderExport = z.infer<typeof EncoderExport>;

/** Tokens of one run of the model, padding included, if it has more texts than one: few, so that what passes from layer to
 *  layer stays in the processor's cache. */
const RUN_TOKENS = 128;

/** Throws StudentFolderError. */
export async function openEncoderFeaturiser(folder: string): Promise<Featuriser> {
  const { tutelage } = await readFolderJson(folder, 'config.json', EncoderExport);
  let tokeniser: Tokeniser;
  try {
    tokeniser = await openTokeniser(folder, tutelage.max_length);
  } catch (error) {
    throw new StudentFolderError(folder, `tokenizer.json can't be used (${(error as Error).message})`, {
      cause: error,
    });
  }
  return { featurise: (texts) => featurise(texts, tokeniser) };
}

function featurise(texts: readonly string[], tokeniser: Tokeniser): ModelRun[] {
  const ids = texts.map((text) => tokeniser.encode(text).ids);
  const lengths = ids.map((tokens) => tokens.length);
  return tokenBatches(lengths, RUN_TOKENS).map((rows) => ({ rows, inputs: padBatch(rows.map((row) => ids[row]!)) }));
}
