/** The weights in an encoder's folder, which has the Hub's layout: config.json, model.safetensors, tokenizer.json. */
import { join } from 'node:path';
import { EncoderError } from '../student-errors.js';
import { modelPrefixes, type Parameter, sizeOf, WORD_TABLE } from './encoder-parameters.js';
import type { EncoderShape } from './encoder-shape.js';
import { openSafetensors, type SafetensorsReader } from './safetensors.js';

export const WEIGHTS_FILE = 'model.safetensors';

/** Each parameter with its values, joined from its tensors, one after another; of the word table only the given rows, where some
 *  are given. Throws EncoderError when a tensor is missing or has other dimensions than config.json tells. */
export async function* readParameters(
  folder: string,
  shape: EncoderShape,
  parameters: readonly Parameter[],
  wordRows: readonly number[] | null = null,
): AsyncGenerator<{ parameter: Parameter; values: Float32Array }> {
  const file = await openWeights(folder);
  try {
    const prefix = findPrefix(file, shape);
    for (const parameter of parameters) {
      const rows = parameter.name === WORD_TABLE ? wordRows : null;
      yield { parameter, values: await readParameter(folder, file, prefix, parameter, rows) };
    }
  } catch (error) {
    if (error instanceof RangeError)
      throw new EncoderError(folder, `${WEIGHTS_FILE}: ${error.message}`, { cause: error });
    throw error;
  } finally {
    await file.close();
  }
}

async function openWeights(folder: string): Promise<SafetensorsReader> {
  try {
    return await openSafetensors(join(folder, WEIGHTS_FILE));
  } catch (error) {
    throw new EncoderError(folder, `${WEIGHTS_FILE} can't be read (${(error as Error).message})`, { cause: error });
  }
}

/** Checkpoints with a head name the model before its tensors. */
function findPrefix(file: SafetensorsReader, { family }: EncoderShape): string {
  const prefixes = ['', modelPrefixes[family]];
  const found = prefixes.find((prefix) => file.dims(`${prefix}embeddings.word_embeddings.weight`) !== null);
  if (found === undefined) throw new RangeError('there is no tensor "embeddings.word_embeddings.weight"');
  return found;
}

async function readParameter(
  folder: string,
  file: SafetensorsReader,
  prefix: string,
  parameter: Parameter,
  rows: readonly number[] | null,
): Promise<Float32Array> {
  const [height, ...others] = parameter.dims;
  const expected = [height! / parameter.sources.length, ...others];
  const names = parameter.sources.map((source) => tensorName(file, prefix + source));
  for (const name of names) {
    const dims = file.dims(name);
    if (dims !== null && JSON.stringify(dims) !== JSON.stringify(expected)) {
      throw new EncoderError(
        folder,
        `tensor "${name}" has dimensions [${dims.join(', ')}], config.json tells [${expected.join(', ')}]`,
      );
    }
  }
  const [first, ...further] = names as [string, ...string[]];
  if (rows !== null) return file.readRows(first, rows);
  if (further.length === 0) return file.read(first);
  const joined = new Float32Array(sizeOf(parameter));
  for (const [index, name] of names.entries()) {
    joined.set(await file.read(name), (index * joined.length) / names.length);
  }
  return joined;
}

/** Checkpoints that came from TensorFlow call a norm's parameters gamma and beta. */
function tensorName(file: SafetensorsReader, name: string): string {
  if (file.dims(name) !== null) return name;
  const old = name.replace(/LayerNorm\.weight$/, 'LayerNorm.gamma').replace(/LayerNorm\.bias$/, 'LayerNorm.beta');
  return file.dims(old) === null ? name : old;
}
