/** The model that answers: the forward graph with its weights in float32, and probabilities beside the logits. */
import type { OnnxModel, OnnxValue } from '../onnx-model.js';
import { type EncoderParts, encoderGraph, type Pooling, TEXTS } from './encoder-graph.js';
import { type Parameter, WORD_TABLE } from './encoder-parameters.js';
import type { EncoderShape } from './encoder-shape.js';
import { Graph } from './graph.js';
import { Tape } from './tape.js';

/** All that the graph of a classifier depends on. */
export interface ClassifierShape {
  readonly shape: EncoderShape;
  readonly pooling: Pooling;
  readonly labels: number;
  /** In the order of the graph. */
  readonly parameters: readonly Parameter[];
}

export interface Classifier extends ClassifierShape {
  /** Values of each parameter by its name. */
  readonly values: ReadonlyMap<string, Float32Array>;
}

export function inferenceModel({ shape, pooling, labels, parameters, values }: Classifier): OnnxModel {
  const graph = new Graph();
  const tape = new Tape(graph);
  const weights = new Map(
    parameters.map(({ name, dims }) => [name, graph.weight({ name, dims, data: values.get(name)! })]),
  );
  const { logits } = encoderGraph(
    tape,
    shape,
    pooling,
    inferenceParts(tape, (name) => weights.get(name)!),
  );
  addAnswers(graph, logits, labels);
  return graph.toModel('encoder');
}

/** Parts without dropout, with parameters from anywhere. */
export function inferenceParts(tape: Tape, parameter: (name: string) => OnnxValue): EncoderParts {
  return {
    parameter,
    words: (ids) => wordRows(tape.graph, parameter(WORD_TABLE), ids),
    linear: (x, name) => tape.linear(x, parameter(`${name}.weight`), parameter(`${name}.bias`)),
    dropout: (x) => x,
  };
}

export function wordRows(graph: Graph, table: OnnxValue, ids: OnnxValue): OnnxValue {
  return graph.apply('Gather', [table, ids], { dims: [...ids.dims, table.dims[1]!], type: table.type });
}

/** The outputs `logits`, as the Hub's tools read them, and `probabilities`, as every student's. */
export function addAnswers(graph: Graph, logits: OnnxValue, labels: number): void {
  const dims = [TEXTS, labels];
  graph.output(graph.apply('Identity', [logits], { dims, name: 'logits' }));
  graph.output(graph.apply('Softmax', [logits], { dims, name: 'probabilities' }, { axis: -1 }));
}
