/** From student.encoder to a local folder. */
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { EncoderSettings, FrozenSettings } from '../../contracts/index.js';
import { downloadModel, hubSettings } from '../../hub/index.js';
import { EncoderError } from '../student-errors.js';

/** Fetches a repository of the Hub into its cache. Throws EncoderError when there is no such folder, and HubError. */
export async function locateEncoder({ encoder, revision }: EncoderSettings | FrozenSettings): Promise<string> {
  const found = await stat(encoder).catch(() => null);
  if (found?.isDirectory()) return encoder;
  if (encoder.startsWith('.') || isAbsolute(encoder) || !REPOSITORY.test(encoder)) {
    throw new EncoderError(encoder, 'there is no such folder on the disk of the worker');
  }
  return downloadModel({ repository: encoder, revision, ...FILES }, hubSettings(process.env));
}

/** With or without an owner. */
const REPOSITORY = /^([\w.-]+\/)?[\w.-]+$/;

const FILES = {
  required: ['config.json', 'tokenizer.json', 'model.safetensors'],
  optional: ['tokenizer_config.json', '1_Pooling/config.json'],
};
