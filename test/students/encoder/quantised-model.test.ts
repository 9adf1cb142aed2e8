/** INT8: rounding by hand, answers near those of float32, and the gate that decides whether it may answer. */
import { join } from 'node:path';
import { padBatch } from '../../../src/students/encoder/batches.js';
import { readParameters } from '../../../src/students/encoder/encoder-folder.js';
import { encoderParameters, headParameters, sizeOf } from '../../../src/students/encoder/encoder-parameters.js';
import { readEncoderShape } from '../../../src/students/encoder/encoder-shape.js';
import { type Classifier, inferenceModel } from '../../../src/students/encoder/inference-model.js';
import { passesGate } from '../../../src/students/encoder/parity-gate.js';
import { quantisableLayers, quantisedModel, quantiseRows } from '../../../src/students/encoder/quantised-model.js';
import { randomNumbers } from '../../../src/students/encoder/random.js';
import { runOnnx } from './run-onnx.js';

const LABELS = 3;

async function bert(): Promise<Classifier> {
  const folder = join(__dirname, 'fixtures', 'bert');
  const shape = await readEncoderShape(folder);
  const head = headParameters(shape, LABELS);
  const random = randomNumbers('head');
  const values = new Map<string, Float32Array>();
  for await (const read of readParameters(folder, shape, encoderParameters(shape))) {
    values.set(read.parameter.name, read.values);
  }
  for (const parameter of head) {
    values.set(
      parameter.name,
      Float32Array.from({ length: sizeOf(parameter) }, () => random() - 0.5),
    );
  }
  return { shape, pooling: 'mean', labels: LABELS, parameters: [...encoderParameters(shape), ...head], values };
}

function largestDifference(one: Float32Array, other: Float32Array): number {
  return Math.max(...one.map((value, index) => Math.abs(value - other[index]!)));
}

describe('quantiseRows', () => {
  it("makes each row's largest number ±127 and rounds the others", () => {
    const { values, scales } = quantiseRows(Float32Array.of(1.27, -0.5, 0.004, -254, 1, 3), 3);
    expect([...values]).toEqual([127, -50, 0, -127, 1, 2]);
    expect(scales[0]).toBeCloseTo(0.01, 6);
    expect(scales[1]).toBe(2);
  });

  it('tells what rounding lost: 0.004 of √(1.27² + 0.004²)', () => {
    expect(quantiseRows(Float32Array.of(1.27, 0.004), 2).error).toBeCloseTo(0.00315, 5);
  });
});

describe('the INT8 model', () => {
  it('answers near the float32 model, and nearer with a layer in float32', async () => {
    const classifier = await bert();
    const inputs = padBatch([
      [2, 30, 31, 32, 3],
      [2, 40, 3],
      [2, 9, 8, 7, 6, 5, 3],
    ]);
    const { probabilities: float } = await runOnnx(inferenceModel(classifier), inputs);
    const { probabilities: integer } = await runOnnx(quantisedModel(classifier, new Set()), inputs);
    const layers = quantisableLayers(classifier);
    const { probabilities: mixed } = await runOnnx(quantisedModel(classifier, new Set(layers)), inputs);
    expect(layers).toHaveLength(8);
    expect(largestDifference(integer!, float!)).toBeLessThan(0.05);
    expect(largestDifference(integer!, float!)).toBeGreaterThan(0);
    expect(largestDifference(mixed!, float!)).toBeLessThan(largestDifference(integer!, float!));
  });
});

describe('the parity gate', () => {
  const rows = (count: number) => Array.from({ length: 200 }, (_, row) => (row < count ? 1 : 0));
  const targets = rows(0);

  it('lets 2 other labels of 200 pass where accuracy does not fall, and stops 3', () => {
    const answers = rows(20);
    expect(passesGate({ targets, answers }, rows(18))).toBe(true);
    expect(passesGate({ targets, answers }, rows(17))).toBe(false);
  });

  it('lets accuracy fall by 0.5 points, and stops 1 point', () => {
    const answers = rows(20);
    expect(passesGate({ targets, answers }, rows(21))).toBe(true);
    expect(passesGate({ targets, answers }, rows(22))).toBe(false);
  });
});
