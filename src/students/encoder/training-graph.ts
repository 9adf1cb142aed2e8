/** The graph of one training step: loss and gradients from the weights, which are inputs. */
import type { OnnxModel, OnnxValue } from '../onnx-model.js';
import { encoderGraph, ROWS, TEXTS } from './encoder-graph.js';
import { POSITION_TABLE, TOKEN_TYPE_TABLE, WORD_TABLE } from './encoder-parameters.js';
import { Graph } from './graph.js';
import { addAnswers, type ClassifierShape, inferenceParts } from './inference-model.js';
import { Tape } from './tape.js';

export interface TrainingGraph {
  readonly model: OnnxModel;
  readonly loss: OnnxValue;
  /** Gradient of every parameter but the embedding tables, by the parameter's name, on top of its sum. */
  readonly gradients: ReadonlyMap<string, OnnxValue>;
  /** Inputs by the same names: what each gradient is added to, of its dimensions, or one number [1, 1] for all of it. */
  readonly sums: ReadonlyMap<string, OnnxValue>;
  /** Gradient of the sum of the tables' rows [rows, hidden]: each row of a table gets the sum over the tokens that took it. */
  readonly embeddedGradient: OnnxValue;
  /** Inputs that the dropped values are multiplied with: 0, or 1 / (1 − rate). */
  readonly dropoutMasks: readonly { readonly input: OnnxValue; readonly rate: number }[];
}

/** Float32 [texts, labels]: each text's target probabilities times its share of the batch's loss. */
export const TARGETS_INPUT = 'targets';

export function trainingGraph({ shape, pooling, labels, parameters }: ClassifierShape): TrainingGraph {
  const graph = new Graph();
  const tape = new Tape(graph);
  const weights = new Map(parameters.map(({ name, dims }) => [name, graph.input(name, 'float32', dims)]));
  const dropoutMasks: { input: OnnxValue; rate: number }[] = [];
  const { embedded, logits } = encoderGraph(tape, shape, pooling, {
    ...inferenceParts(tape, (name) => weights.get(name)!),
    dropout: (x, rate) => {
      if (rate === 0) return x;
      const input = graph.input(`dropout ${dropoutMasks.length}`, 'float32', x.dims);
      dropoutMasks.push({ input, rate });
      return tape.scale(x, input);
    },
  });
  const loss = tape.crossEntropy(logits, graph.input(TARGETS_INPUT, 'float32', [TEXTS, labels]));
  const dense = parameters.filter(({ name }) => !isTable(name)).map(({ name }) => name);
  const sums = new Map(
    dense.map((name) => [name, graph.input(`sum ${name}`, 'float32', [`${name} 0`, `${name} 1`])] as const),
  );
  const gradients = tape.gradients(loss, [embedded, ...dense.map((name) => weights.get(name)!)], sums);
  for (const value of [loss, ...gradients]) graph.output(value);
  return {
    model: graph.toModel('training step'),
    loss,
    gradients: new Map(dense.map((name, index) => [name, gradients[index + 1]!])),
    sums,
    embeddedGradient: gradients[0]!,
    dropoutMasks,
  };
}

/** The forward graph with the weights as inputs; its outputs are logits and probabilities. */
export function forwardModel({ shape, pooling, labels, parameters }: ClassifierShape): OnnxModel {
  const graph = new Graph();
  const tape = new Tape(graph);
  const weights = new Map(parameters.map(({ name, dims }) => [name, graph.input(name, 'float32', dims)]));
  const { logits } = encoderGraph(
    tape,
    shape,
    pooling,
    inferenceParts(tape, (name) => weights.get(name)!),
  );
  addAnswers(graph, logits, labels);
  return graph.toModel('evaluation');
}

/** Sizes of a value once the batch is known. */
export function sizesOf({ dims }: OnnxValue, texts: number, tokens: number): number[] {
  const known: Record<string, number> = { texts, tokens, [ROWS]: texts * tokens };
  return dims.map((dim) => (typeof dim === 'number' ? dim : known[dim]!));
}

export function isTable(name: string): boolean {
  return name === WORD_TABLE || name === POSITION_TABLE || name === TOKEN_TYPE_TABLE;
}
