/** How many tokens a model makes of a prompt. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { counted } from '../contracts/index.js';
import { downloadModel, HubError, type HubSettings } from '../hub/index.js';
import type { TeacherSurvey } from './survey.js';

/** Tokens for each UTF-8 byte of prompt. */
export interface TokenRate {
  readonly low: number;
  readonly high: number;
  /** How it was got, for people. */
  readonly how: string;
}

/** Most prose has 2.5 to 5 bytes a token in the tokenizers of large models; the plan says that this is a rule of thumb. */
const RULE: TokenRate = { low: 1 / 5, high: 1 / 2.5, how: 'rule of thumb: 2.5 to 5 bytes a token' };
/** Counted tokens and those of an endpoint differ by its chat template. */
const TEMPLATE_TOKENS = 8;

/** From replies that the provider counted where there are some, else by the model's own tokenizer, else by a rule of thumb.
 *  model: as in teacher.model; null asks no tokenizer. */
export async function tokenRate(
  { known, prompts }: Pick<TeacherSurvey, 'known' | 'prompts'>,
  model: string | null,
  hub: HubSettings,
): Promise<TokenRate> {
  const { inputTokens, outputTokens, promptBytes } = known;
  if (outputTokens.count > 0) {
    const rate = inputTokens / promptBytes;
    return {
      low: rate,
      high: rate,
      how: `calibrated on ${counted(outputTokens.count, 'reply', 'replies')} whose tokens the provider counted`,
    };
  }
  const repository = model?.split(':')[0] ?? '';
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository) || prompts.length === 0) return RULE;
  try {
    const count = await tokenCounter(repository, hub);
    const bytes = prompts.reduce((sum, prompt) => sum + Buffer.byteLength(prompt), 0);
    const tokens = prompts.reduce((sum, prompt) => sum + count(prompt) + TEMPLATE_TOKENS, 0);
    return { low: tokens / bytes, high: tokens / bytes, how: `counted by the tokenizer of ${repository}` };
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return { ...RULE, how: `${RULE.how} (the model's tokenizer could not be had: ${error.message})` };
  }
}

async function tokenCounter(repository: string, hub: HubSettings): Promise<(text: string) => number> {
  const files = { required: ['tokenizer.json'], optional: ['tokenizer_config.json'] };
  const folder = await downloadModel({ repository, revision: 'main', ...files }, hub);
  const json = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8'));
  const config = await json('tokenizer_config.json').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return {};
    throw error;
  });
  const tokenizer = new Tokenizer(await json('tokenizer.json'), config);
  return (text) => tokenizer.encode(text).ids.length;
}
