/** INT8: rounding by hand, answers near those of float32, and the gate that decides whether it may answer. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { padBatch } from '../../../src/students/encoder/batches.js';
import { readParameters } from '../../../src/students/encoder/encoder-folder.js';
import { encoderParameters, headParameters, sizeOf } from '../../../src/students/encoder/encoder-parameters.js';
import { readEncoderShape } from '../../../src/students/encoder/encoder-shape.js';
import { type Classifier, inferenceModel } from '../../../src/students/encoder/inference-model.js';
import { inputDivisors, layersByLoss } from '../../../src/students/encoder/int8-calibration.js';
import { type GateRows, passesGate, quantise } from '../../../src/students/encoder/parity-gate.js';
import { quantisedModel, quantiseRows } from '../../../src/students/encoder/quantised-model.js';
import { randomNumbers } from '../../../src/students/encoder/random.js';
import type { RunModel } from '../../../src/students/encoder/run-model.js';
import type { Student } from '../../../src/students/index.js';
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

/** Input 5 of layer.0.up is fifty times as large as it was, its weights as much smaller. */
async function withLargeInput(): Promise<Classifier> {
  const classifier = await bert();
  const gain = classifier.values.get('layer.0.attentionNorm.gain')!;
  gain[5]! *= 50;
  const weight = classifier.values.get('layer.0.up.weight')!;
  for (let i = 5; i < weight.length; i += gain.length) weight[i]! /= 50;
  return classifier;
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
});

const TEXTS = [
  [2, 30, 31, 32, 3],
  [2, 40, 3],
  [2, 9, 8, 7, 6, 5, 3],
];

const run: RunModel = async (model, inputs) => {
  const results: Record<string, Float32Array>[] = [];
  for (const each of inputs) {
    const outputs = Object.entries(await runOnnx(model, each));
    // Arrays from another thread are of Node's realm, not of Jest's.
    results.push(Object.fromEntries(outputs.map(([name, values]) => [name, Float32Array.from(values)])));
  }
  return results;
};

/** Largest difference of a probability to the float32 model's. */
async function differenceWith(classifier: Classifier, divisors: ReadonlyMap<string, Float32Array>): Promise<number> {
  const { probabilities: float } = await runOnnx(inferenceModel(classifier), padBatch(TEXTS));
  const { probabilities: integer } = await runOnnx(quantisedModel(classifier, divisors), padBatch(TEXTS));
  return largestDifference(integer!, float!);
}

describe('the INT8 model', () => {
  it('answers near the float32 model, and nearer with its layers in float32', async () => {
    const classifier = await bert();
    const divisors = await inputDivisors(classifier, TEXTS, run);
    expect(divisors.size).toBe(8);
    const difference = await differenceWith(classifier, divisors);
    expect(difference).toBeLessThan(0.05);
    expect(difference).toBeGreaterThan(0);
    expect(await differenceWith(classifier, new Map())).toBeLessThan(difference);
  });

  it('loses little where one input of a layer is fifty times the others, since that one is divided', async () => {
    const classifier = await withLargeInput();
    const ofUp = (await inputDivisors(classifier, TEXTS, run)).get('layer.0.up')!;
    expect(ofUp[5]).toBeGreaterThan(10);
    expect(ofUp.toSorted()[Math.floor(ofUp.length / 2)]).toBe(1);
    const undivided = new Map([['layer.0.up', new Float32Array(ofUp.length).fill(1)]]);
    const divided = new Map([['layer.0.up', ofUp]]);
    expect(await differenceWith(classifier, divided)).toBeLessThan(0.5 * (await differenceWith(classifier, undivided)));
  });
});

describe('layersByLoss', () => {
  it('names all layers, and first the one whose inputs rounding leaves few steps', async () => {
    const classifier = await withLargeInput();
    const divisors = await inputDivisors(classifier, TEXTS, run);
    const undivided = new Map([...divisors].map(([name, ofInputs]) => [name, ofInputs.map(() => 1)]));
    const layers = await layersByLoss(classifier, undivided, TEXTS, run);
    expect(layers[0]).toBe('layer.0.up');
    expect(layers.toSorted()).toEqual([...divisors.keys()].toSorted());
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

describe('quantise', () => {
  const LAYERS = 8;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'quantise-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const file = () => join(folder, 'model_quantized.onnx');
  const layersInIntegers = () => new Set(readFileSync(file(), 'latin1').match(/layer\.\d+\.[a-zA-Z]+ integers/g)).size;
  const rows: GateRows = { texts: ['a', 'b', 'c'], ids: TEXTS, targets: [0, 1, 2], answers: [0, 1, 2] };

  /** Stands for the INT8 model: it gives other labels than the float32 model while more than so many of its layers are in INT8. */
  function loadWith(most: number) {
    const asked: number[] = [];
    const load = async (): Promise<Student> => {
      asked.push(layersInIntegers());
      const other = layersInIntegers() > most ? 1 : 0;
      const answers = rows.answers.map((label) => [0, 1, 2].map((each) => Number(each === (label + other) % 3)));
      return { labels: ['x', 'y', 'z'], predict: async () => answers, close: async () => undefined };
    };
    return { asked, load };
  }

  it('takes one layer after another back to float32 until the gate is passed', async () => {
    const { asked, load } = loadWith(6);
    const outcome = await quantise(await withLargeInput(), folder, rows, { load, run });
    expect(outcome).toEqual({ passed: true, agreement: 1, layersInFloat: 2, answers: rows.answers });
    expect(asked).toEqual([LAYERS, LAYERS - 1, LAYERS - 2]);
    expect(layersInIntegers()).toBe(LAYERS - 2);
  });

  it('leaves no INT8 model, and the answers of float32, where no layer may be in INT8', async () => {
    const { asked, load } = loadWith(0);
    const outcome = await quantise(await bert(), folder, rows, { load, run });
    expect(outcome).toEqual({ passed: false, agreement: 0, layersInFloat: LAYERS, answers: rows.answers });
    expect(asked).toHaveLength(LAYERS);
    expect(existsSync(file())).toBe(false);
  });
});
