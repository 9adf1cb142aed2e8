/** From student.encoder to a local folder. */
import { stat } from 'node:fs/promises';
import type { EncoderSettings } from '../../contracts/index.js';
import { EncoderError } from '../student-errors.js';

/** Throws EncoderError when there is no such folder. */
export async function locateEncoder({ encoder }: EncoderSettings): Promise<string> {
  const found = await stat(encoder).catch(() => null);
  if (found?.isDirectory()) return encoder;
  throw new EncoderError(encoder, 'there is no such folder');
}
