/** The training graph's gradients against central finite differences of its own loss, all in float64. */
import { encoderParameters, headParameters, sizeOf } from '../../../src/students/encoder/encoder-parameters.js';
import type { EncoderShape } from '../../../src/students/encoder/encoder-shape.js';
import { Graph } from '../../../src/students/encoder/graph.js';
import { Tape } from '../../../src/students/encoder/tape.js';
import { sizesOf, type TrainingGraph, trainingGraph } from '../../../src/students/encoder/training-graph.js';
import { type Array64, interpret } from './reference-interpreter.js';
import { runOnnx } from './run-onnx.js';

const SHAPE: EncoderShape = {
  family: 'bert',
  layers: 1,
  hidden: 4,
  heads: 2,
  feedForward: 6,
  vocabulary: 9,
  positions: 5,
  firstPosition: 0,
  tokenTypes: 2,
  epsilon: 1e-12,
  padId: 0,
  dropout: 0.25,
  attentionDropout: 0.5,
};
const LABELS = 3;
const [TEXTS, TOKENS] = [2, 4];
/** The second text has one token of padding. */
const IDS = [3, 1, 4, 1, 5, 8, 2, 0];
const MASK = [1, 1, 1, 1, 1, 1, 1, 0];
const TARGETS = [0.2, 0.3, 0, 0, 0.5, 0.1];

const parameters = [...encoderParameters(SHAPE), ...headParameters(SHAPE, LABELS)];
const number = numbersFrom(5);

/** Uniform in −1 to 1: a linear congruential generator (Knuth 1981, table 3.3.4.1). */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

function array(dims: readonly number[], data: ArrayLike<number>): Array64 {
  return { dims, data: Float64Array.from(data) };
}

/** Float32 values, so that onnxruntime can be fed the same. */
function randomFeeds({ dropoutMasks, sums }: TrainingGraph): Record<string, Array64> {
  const feeds: Record<string, Array64> = {
    input_ids: array([TEXTS, TOKENS], IDS),
    attention_mask: array([TEXTS, TOKENS], MASK),
    targets: array([TEXTS, LABELS], TARGETS.map(Math.fround)),
  };
  for (const parameter of parameters) {
    const values = Float64Array.from({ length: sizeOf(parameter) }, () => Math.fround(number() * 0.8));
    feeds[parameter.name] = array(parameter.dims, values);
  }
  for (const { name } of sums.values()) feeds[name] = array([1, 1], [0]);
  for (const { input, rate } of dropoutMasks) {
    const dims = sizesOf(input, TEXTS, TOKENS);
    const length = dims.reduce((product, dim) => product * dim, 1);
    const kept = Float64Array.from({ length }, () => (number() < 2 * rate - 1 ? 0 : 1 / (1 - rate)));
    feeds[input.name] = array(dims, kept.map(Math.fround));
  }
  return feeds;
}

function finiteDifferences(graph: TrainingGraph, feeds: Record<string, Array64>, name: string): Float64Array {
  const { data } = feeds[name]!;
  const lossAt = (index: number, value: number) => {
    const before = data[index]!;
    data[index] = value;
    const loss = interpret(graph.model, feeds).get(graph.loss.name)!.data[0]!;
    data[index] = before;
    return loss;
  };
  const step = 1e-5;
  return data.map((value, index) => (lossAt(index, value + step) - lossAt(index, value - step)) / (2 * step));
}

/** |a − b| / |b|. */
function relativeDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, length] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    length += b[i]! ** 2;
  }
  return Math.sqrt(difference / length);
}

describe.each(['mean', 'first'] as const)('the training graph with %s pooling', (pooling) => {
  const graph = trainingGraph({ shape: SHAPE, pooling, labels: LABELS, parameters });
  const feeds = randomFeeds(graph);
  const values = interpret(graph.model, feeds);

  // The key's bias moves all scores of a softmax alike, so its gradient is 0: the rest of qkv.bias is compared with it.
  it('has a gradient for every parameter outside the tables, right to 1e-6', () => {
    for (const [name, gradient] of graph.gradients) {
      const expected = finiteDifferences(graph, feeds, name);
      expect([name, relativeDistance(values.get(gradient.name)!.data, expected) < 1e-6]).toEqual([name, true]);
    }
    expect(graph.gradients.size).toBe(parameters.length - 3);
  });

  it("gives each table's rows the sum of the embedded gradient over the tokens that took them", () => {
    const embedded = values.get(graph.embeddedGradient.name)!.data;
    const rowsOf = {
      'embeddings.word': IDS,
      'embeddings.position': [0, 1, 2, 3, 0, 1, 2, 2],
      'embeddings.tokenType': IDS.map(() => 0),
    };
    for (const [table, rows] of Object.entries(rowsOf)) {
      const sums = new Float64Array(feeds[table]!.data.length);
      for (const [token, row] of rows.entries()) {
        for (let i = 0; i < SHAPE.hidden; i++) sums[row * SHAPE.hidden + i]! += embedded[token * SHAPE.hidden + i]!;
      }
      expect([table, relativeDistance(sums, finiteDifferences(graph, feeds, table)) < 1e-6]).toEqual([table, true]);
    }
  });

  it('is computed by onnxruntime in float32 to 1e-5', async () => {
    const integers = (name: string) =>
      ({ type: 'int64', dims: feeds[name]!.dims, data: BigInt64Array.from(feeds[name]!.data, BigInt) }) as const;
    const floats = Object.entries(feeds).map(
      ([name, { dims, data }]) => [name, { type: 'float32', dims, data: Float32Array.from(data) }] as const,
    );
    const results = await runOnnx(graph.model, {
      ...Object.fromEntries(floats),
      input_ids: integers('input_ids'),
      attention_mask: integers('attention_mask'),
    });
    expect(results[graph.loss.name]![0]).toBeCloseTo(values.get(graph.loss.name)!.data[0]!, 5);
    for (const [name, { name: output }] of [...graph.gradients, ['embedded', graph.embeddedGradient] as const]) {
      expect([name, relativeDistance(results[output]!, values.get(output)!.data) < 1e-5]).toEqual([name, true]);
    }
  });
});

describe('Tape.gradients', () => {
  it('adds up what a value that is used twice gets: d(x + x)/dx by a loss on logits x + x', () => {
    const graph = new Graph();
    const tape = new Tape(graph);
    const x = graph.input('x', 'float32', [1, 2]);
    const loss = tape.crossEntropy(tape.add(x, x), graph.input('targets', 'float32', [1, 2]));
    const [gradient] = tape.gradients(loss, [x]);
    const values = interpret(graph.toModel('twice'), { x: array([1, 2], [0, 0]), targets: array([1, 2], [1, 0]) });
    // softmax(0, 0) − (1, 0) = (−0.5, 0.5), twice.
    expect([...values.get(gradient!.name)!.data]).toEqual([-1, 1]);
  });

  it('adds to sums, and refuses those that nothing is added to', () => {
    const graph = new Graph();
    const tape = new Tape(graph);
    const [x, weight] = [graph.input('x', 'float32', [1, 1]), graph.input('weight', 'float32', [2, 1])];
    const [bias, sum] = [graph.input('bias', 'float32', [2]), graph.input('sum', 'float32', [2, 1])];
    const loss = tape.crossEntropy(tape.linear(x, weight, bias), graph.input('targets', 'float32', [1, 2]));
    const [gradient] = tape.gradients(loss, [weight], new Map([['weight', sum]]));
    const values = interpret(graph.toModel('sum'), {
      x: array([1, 1], [3]),
      weight: array([2, 1], [0, 0]),
      bias: array([2], [0, 0]),
      targets: array([1, 2], [1, 0]),
      sum: array([2, 1], [10, 20]),
    });
    // (softmax(0, 0) − (1, 0)) · 3 = (−1.5, 1.5).
    expect([...values.get(gradient!.name)!.data]).toEqual([8.5, 21.5]);
    expect(() => tape.gradients(loss, [weight], new Map([['x', sum]]))).toThrow(
      'nothing is added to the gradients of "x"',
    );
  });

  it('refuses a value that the loss does not depend on', () => {
    const graph = new Graph();
    const tape = new Tape(graph);
    const logits = graph.input('logits', 'float32', [1, 2]);
    const loss = tape.crossEntropy(logits, graph.input('targets', 'float32', [1, 2]));
    const stranger = graph.input('stranger', 'float32', [1]);
    expect(() => tape.gradients(loss, [stranger])).toThrow('the loss does not depend on "stranger"');
  });
});
