/** The classifier that a training begins with: an encoder with the words of the examples alone, and a head that knows nothing. */
import { EncoderError } from '../student-errors.js';
import { readParameters } from './encoder-folder.js';
import { encoderParameters, headParameters, sizeOf, WORD_TABLE } from './encoder-parameters.js';
import { readEncoderShape } from './encoder-shape.js';
import type { Classifier } from './inference-model.js';
import { randomNumbers } from './random.js';
import { readPooling } from './sentence-transformers.js';

/** The encoder with the examples' rows of the word table, and a new head. */
export async function startingClassifier(
  folder: string,
  vocabulary: readonly number[],
  { labels, seed }: { labels: number; seed: number },
): Promise<Classifier> {
  const shape = await readEncoderShape(folder);
  const beyond = vocabulary.find((id) => id >= shape.vocabulary);
  if (beyond !== undefined) {
    throw new EncoderError(folder, `tokenizer.json has token ${beyond}, config.json only ${shape.vocabulary} tokens`);
  }
  const values = new Map<string, Float32Array>();
  const whole = encoderParameters(shape);
  for await (const { parameter, values: read } of readParameters(folder, shape, whole, vocabulary)) {
    values.set(parameter.name, read);
  }
  // As PyTorch starts linear layers.
  const random = randomNumbers(seed, 'head');
  const bound = 1 / Math.sqrt(shape.hidden);
  const head = headParameters(shape, labels);
  for (const parameter of head) {
    values.set(
      parameter.name,
      Float32Array.from({ length: sizeOf(parameter) }, () => (2 * random() - 1) * bound),
    );
  }
  const parameters = [...encoderParameters(shape, vocabulary.length), ...head];
  return { shape, pooling: await readPooling(folder), labels, parameters, values };
}

/** The classifier with the words that no example has as they were. */
export async function withWholeVocabulary(
  classifier: Classifier,
  folder: string,
  vocabulary: readonly number[],
): Promise<Classifier> {
  const { shape, labels, values } = classifier;
  const parameters = encoderParameters(shape);
  const trained = values.get(WORD_TABLE)!;
  const whole = new Map(values);
  for await (const { values: words } of readParameters(folder, shape, parameters.slice(0, 1))) {
    for (const [row, id] of vocabulary.entries()) {
      words.set(trained.subarray(row * shape.hidden, (row + 1) * shape.hidden), id * shape.hidden);
    }
    whole.set(WORD_TABLE, words);
  }
  return { ...classifier, parameters: [...parameters, ...headParameters(shape, labels)], values: whole };
}
