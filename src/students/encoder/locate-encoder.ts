/** From student.encoder to a local folder. */
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { EncoderSettings, FrozenSettings } from '../../contracts/index.js';
import { downloadModel, HubError, hubSettings } from '../../hub/index.js';
import { EncoderError } from '../student-errors.js';
import { POOLING_FILE, PROMPTS_FILE } from './sentence-transformers.js';

/** Fetches a repository of the Hub into its cache. Throws EncoderError where there is no such folder or the Hub refuses, and
 *  HubError where asking again may help. */
export async function locateEncoder({ encoder, revision }: EncoderSettings | FrozenSettings): Promise<string> {
  const found = await stat(encoder).catch(() => null);
  if (found?.isDirectory()) return encoder;
  if (encoder.startsWith('.') || isAbsolute(encoder) || !REPOSITORY.test(encoder)) {
    throw new EncoderError(encoder, 'there is no such folder on the disk of the worker');
  }
  try {
    return await downloadModel({ repository: encoder, revision, ...FILES }, hubSettings(process.env));
  } catch (error) {
    if (error instanceof HubError && error.refused) throw new EncoderError(encoder, error.message, { cause: error });
    throw error;
  }
}

/** With or without an owner. */
const REPOSITORY = /^([\w.-]+\/)?[\w.-]+$/;

const FILES = {
  required: ['config.json', 'tokenizer.json', 'model.safetensors'],
  optional: ['tokenizer_config.json', POOLING_FILE, PROMPTS_FILE],
};
