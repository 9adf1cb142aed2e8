/** What sentence-transformers' files in an encoder's folder tell: how it pools, and what it wants before a text. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EncoderError } from '../student-errors.js';
import type { Pooling } from './encoder-graph.js';

export const POOLING_FILE = '1_Pooling/config.json';
export const PROMPTS_FILE = 'config_sentence_transformers.json';

/** The mean where nothing is said. Throws EncoderError. */
export async function readPooling(folder: string): Promise<Pooling> {
  const config = await readConfig(folder, POOLING_FILE, PoolingConfig);
  const [mode, ...others] = config === null ? ['mean'] : modesOf(config);
  if (others.length === 0 && mode === 'mean') return 'mean';
  if (others.length === 0 && mode === 'cls') return 'first';
  throw new EncoderError(folder, `${POOLING_FILE} asks for neither mean nor CLS pooling alone`);
}

/** What the encoder was trained to find before a text that is to be classified: its default prompt, or the one that it calls
 *  "classification"; '' where it names none. Throws EncoderError. */
export async function readPrefix(folder: string): Promise<string> {
  const config = await readConfig(folder, PROMPTS_FILE, PromptsConfig);
  const name = config?.default_prompt_name ?? 'classification';
  return config?.prompts?.[name] ?? '';
}

/** Refuses an encoder that pools over the text without its prefix: the graph pools over all tokens. Throws EncoderError. */
export async function refuseUnpooledPrefix(folder: string, prefix: string): Promise<void> {
  const config = await readConfig(folder, POOLING_FILE, PoolingConfig);
  if (prefix === '' || config?.include_prompt !== false) return;
  throw new EncoderError(folder, `${POOLING_FILE} leaves the prefix out of the pooling, which is not supported`);
}

/** Names of the newer form; the older has a key for each. */
const LEGACY_MODES = {
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_cls_token: 'cls',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_sqrt_len_tokens: 'mean_sqrt_len_tokens',
  pooling_mode_weightedmean_tokens: 'weightedmean',
  pooling_mode_lasttoken: 'lasttoken',
} as const;

const PoolingConfig = z.looseObject({
  pooling_mode: z.union([z.string(), z.array(z.string())]).optional(),
  include_prompt: z.boolean().default(true),
});
type PoolingConfig = z.infer<typeof PoolingConfig>;

const PromptsConfig = z.looseObject({
  prompts: z.record(z.string(), z.string().nullable()).nullish(),
  default_prompt_name: z.string().nullish(),
});

function modesOf(config: PoolingConfig): string[] {
  if (config.pooling_mode !== undefined) return [config.pooling_mode].flat();
  return Object.entries(LEGACY_MODES).flatMap(([key, mode]) => (config[key] === true ? [mode] : []));
}

/** null: there is no such file. */
async function readConfig<T>(folder: string, file: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(join(folder, file), 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new EncoderError(folder, `${file} can't be read`, { cause: error });
  }
}
