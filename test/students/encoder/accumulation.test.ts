/** A step in parts has the gradients of the step as a whole. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { microBatches } from '../../../src/students/encoder/batches.js';
import { sizeOf } from '../../../src/students/encoder/encoder-parameters.js';
import type { Classifier } from '../../../src/students/encoder/inference-model.js';
import { startingClassifier } from '../../../src/students/encoder/starting-classifier.js';
import { type Batch, TrainingSession } from '../../../src/students/encoder/training-session.js';
import { makeTinyEncoder } from './tiny-encoder.js';

const VOCABULARY = Array.from({ length: 20 }, (_, index) => index);
const LENGTHS = [3, 9, 4, 4, 8, 2, 7, 5];
/** Their shares of the loss differ. */
const BATCH: Batch = {
  ids: LENGTHS.map((length, row) => Array.from({ length }, (_, token) => (7 * row + 3 * token) % VOCABULARY.length)),
  targets: LENGTHS.map((_, row) => [(row % 3) / 10, 0.02, ((row + 1) % 3) / 20]),
};

let folder: string;
let classifier: Classifier;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'accumulation-'));
  const encoder = await makeTinyEncoder(folder, { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 });
  classifier = await startingClassifier(encoder, VOCABULARY, { labels: 3, seed: 1 });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Loss and gradients of the batch in the given parts; after another batch, so that nothing may be left of it. */
async function gradientsOf(parts: readonly (readonly number[])[]) {
  const gradients = new Map(
    classifier.parameters.map((parameter) => [parameter.name, new Float32Array(sizeOf(parameter))]),
  );
  const options = { seed: 1, texts: LENGTHS.length, tokens: Math.max(...LENGTHS) };
  const session = await TrainingSession.create(classifier, gradients, options);
  const pick = (rows: readonly number[]) => ({
    ids: rows.map((row) => BATCH.ids[row]!),
    targets: rows.map((row) => BATCH.targets[row]!),
  });
  try {
    await session.run([{ ids: [[19, 18, 17]], targets: [[1, 0, 0]] }], Math.random);
    return { loss: await session.run(parts.map(pick), Math.random), gradients };
  } finally {
    await session.release();
  }
}

describe('a step in parts', () => {
  it.each([
    ['two', 30],
    ['eight', 1],
  ])('has the loss and the gradients of the whole, in %s parts', async (_, tokens) => {
    const whole = await gradientsOf([[...LENGTHS.keys()]]);
    const parts = microBatches(LENGTHS, tokens);
    expect(parts.length).toBeGreaterThan(1);
    const added = await gradientsOf(parts);
    expect(added.loss).toBeCloseTo(whole.loss, 5);
    for (const [name, expected] of whole.gradients) {
      const length = Math.hypot(...expected);
      const difference = Math.hypot(...expected.map((slope, i) => slope - added.gradients.get(name)![i]!));
      expect([name, length > 0, difference <= 1e-5 * length]).toEqual([name, true, true]);
    }
  });
});

describe('microBatches', () => {
  it('leave a batch that is small enough as it is', () => {
    expect(microBatches([3, 9, 4], 27)).toEqual([[0, 1, 2]]);
  });

  it('have at most so many tokens with their padding, the shortest texts first', () => {
    expect(microBatches([3, 9, 4, 4, 8], 16)).toEqual([[0, 2, 3], [4], [1]]);
  });

  it('have a text alone that is longer', () => {
    expect(microBatches([20, 3, 30], 10)).toEqual([[1], [0], [2]]);
  });
});
