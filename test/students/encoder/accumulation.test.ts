/** A step in parts has the gradients of the step as a whole. */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { microBatches } from '../../../src/students/encoder/batches.js';
import type { Batch } from '../../../src/students/encoder/training-session.js';
import { makeTinyEncoder } from './tiny-encoder.js';

const VOCABULARY = Array.from({ length: 20 }, (_, index) => index);
const LENGTHS = [3, 9, 4, 4, 8, 2, 7, 5];
/** Their shares of the loss differ. */
const BATCH: Batch = {
  ids: LENGTHS.map((length, row) => Array.from({ length }, (_, token) => (7 * row + 3 * token) % VOCABULARY.length)),
  targets: LENGTHS.map((_, row) => [(row % 3) / 10, 0.02, ((row + 1) % 3) / 20]),
};

interface Answer {
  readonly loss: number;
  readonly gradients: readonly (readonly [string, readonly number[]])[];
  readonly error?: string;
}

/** Loss and gradients of the batch in the given parts, once for each division. */
async function gradientsOf(divisions: readonly (readonly (readonly number[])[])[], batch = BATCH): Promise<Answer[]> {
  const folder = mkdtempSync(join(tmpdir(), 'accumulation-'));
  try {
    const encoder = await makeTinyEncoder(folder, { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 });
    const pick = (rows: readonly number[]) => ({
      ids: rows.map((row) => batch.ids[row]!),
      targets: rows.map((row) => batch.targets[row]!),
    });
    const child = fork(join(__dirname, 'steps-in-parts.js'), { execArgv: [] });
    const steps = divisions.map((parts) => parts.map(pick));
    child.send({ encoder, vocabulary: VOCABULARY, steps, texts: LENGTHS.length, tokens: Math.max(...LENGTHS) });
    return await new Promise((resolve, reject) => {
      child.on('message', (answers) => resolve(answers as Answer[]));
      child.on('exit', (code) => reject(new Error(`the process ended with code ${code}`)));
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('a step in parts', () => {
  it('has the loss and the gradients of the whole, in two parts and in eight', async () => {
    const [two, eight] = [microBatches(LENGTHS, 40), microBatches(LENGTHS, 1)];
    expect([two.length, eight.length]).toEqual([2, 8]);
    const [whole, ...inParts] = await gradientsOf([[[...LENGTHS.keys()]], two, eight]);
    for (const { gradients, loss } of inParts) {
      expect(loss).toBeCloseTo(whole!.loss, 5);
      for (const [index, [name, added]] of gradients.entries()) {
        const [, expected] = whole!.gradients[index]!;
        const length = Math.hypot(...expected);
        const difference = Math.hypot(...expected.map((slope, i) => slope - added[i]!));
        expect([name, length > 0, difference <= 1e-5 * length]).toEqual([name, true, true]);
      }
    }
  });
});

describe('a step that fails', () => {
  it('says why, a token that the word table does not have for one', async () => {
    const beyond = { ...BATCH, ids: BATCH.ids.map((ids) => ids.map(() => VOCABULARY.length)) };
    const [failed] = await gradientsOf([[[0, 1]]], beyond);
    expect(failed!.error).toContain('out of data bounds');
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
