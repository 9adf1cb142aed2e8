/** From student.encoder to a local folder. */
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { EncoderSettings, FrozenSettings } from '../../contracts/index.js';
import { downloadModel, HubError, hubSettings } from '../../hub/index.js';
import { EncoderError } from '../student-errors.js';
import { CARD_FILE } from './encoder-licence.js';
import { POOLING_FILE, PROMPTS_FILE } from './sentence-transformers.js';

/** Fetches a repository of the Hub into its cache. Throws EncoderError where there is no such folder or the Hub refuses, and
 *  HubError where asking again may help. */
export async function locateEncoder({ encoder, revision }: EncoderSettings | FrozenSettings): Promise<string> {
  if (await isFolder(encoder)) return encoder;
  if (!isRepository(encoder)) {
    throw new EncoderError(encoder, 'there is no such folder on the disk of the worker');
  }
  try {
    const files = { required: REQUIRED_FILES, optional: OPTIONAL_FILES };
    return await downloadModel({ repository: encoder, revision, ...files }, hubSettings(process.env));
  } catch (error) {
    if (error instanceof HubError && error.refused) throw new EncoderError(encoder, error.message, { cause: error });
    throw error;
  }
}

export async function isFolder(encoder: string): Promise<boolean> {
  return (await stat(encoder).catch(() => null))?.isDirectory() ?? false;
}

/** Whether it can be one of the Hub's. */
export function isRepository(encoder: string): boolean {
  return !encoder.startsWith('.') && !isAbsolute(encoder) && REPOSITORY.test(encoder);
}

/** With or without an owner. */
const REPOSITORY = /^([\w.-]+\/)?[\w.-]+$/;

export const REQUIRED_FILES = ['config.json', 'tokenizer.json', 'model.safetensors'];
const OPTIONAL_FILES = ['tokenizer_config.json', POOLING_FILE, PROMPTS_FILE, CARD_FILE];
