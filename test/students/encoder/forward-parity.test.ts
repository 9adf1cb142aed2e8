/** The forward graph against transformers, on tiny random encoders of each family (fixtures/make-encoders.py). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { padBatch } from '../../../src/students/encoder/batches.js';
import { readParameters } from '../../../src/students/encoder/encoder-folder.js';
import { encoderParameters, headParameters } from '../../../src/students/encoder/encoder-parameters.js';
import { readEncoderShape } from '../../../src/students/encoder/encoder-shape.js';
import { inferenceModel } from '../../../src/students/encoder/inference-model.js';
import { readPooling } from '../../../src/students/encoder/sentence-transformers.js';
import { openTokeniser } from '../../../src/students/encoder/tokeniser.js';
import { runOnnx } from './run-onnx.js';

interface Expected {
  readonly maxLength: number;
  readonly texts: string[];
  readonly ids: number[][];
  readonly classifier: { readonly weight: number[]; readonly bias: number[] };
  readonly logits: number[][];
}

const LABELS = 3;
const folderOf = (family: string) => join(__dirname, 'fixtures', family);
const expectedOf = (family: string): Expected =>
  JSON.parse(readFileSync(join(folderOf(family), 'expected.json'), 'utf8'));

describe.each(['bert', 'bert-cls', 'roberta', 'xlm-roberta', 'distilbert'])('a tiny %s', (family) => {
  const folder = folderOf(family);
  const expected = expectedOf(family);

  it('gets the token ids that transformers makes, cut to the same length', async () => {
    const tokeniser = await openTokeniser(folder, expected.maxLength);
    expect(expected.texts.map((text) => tokeniser.encode(text).ids)).toEqual(expected.ids);
  });

  it('answers the logits of transformers to 1e-4', async () => {
    const shape = await readEncoderShape(folder);
    const parameters = [...encoderParameters(shape), ...headParameters(shape, LABELS)];
    const values = new Map<string, Float32Array>();
    for await (const { parameter, values: read } of readParameters(folder, shape, encoderParameters(shape))) {
      values.set(parameter.name, read);
    }
    values.set('classifier.weight', Float32Array.from(expected.classifier.weight));
    values.set('classifier.bias', Float32Array.from(expected.classifier.bias));
    const model = inferenceModel({ shape, pooling: await readPooling(folder), labels: LABELS, parameters, values });
    const { logits, probabilities } = await runOnnx(model, padBatch(expected.ids));
    const flat = expected.logits.flat();
    expect(logits).toHaveLength(flat.length);
    const differences = flat.map((value, index) => Math.abs(value - logits![index]!));
    expect(Math.max(...differences)).toBeLessThan(1e-4);
    const sums = expected.texts.map((_, row) =>
      probabilities!.subarray(row * LABELS, (row + 1) * LABELS).reduce((sum, share) => sum + share, 0),
    );
    for (const sum of sums) expect(sum).toBeCloseTo(1, 5);
  });
});
