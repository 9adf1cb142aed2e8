/** What the INT8 model is made with, measured by running the float32 model on some texts: which inputs of its linear layers are
 *  much larger than the others, and what rounding each layer does to the answers. */
import type { OnnxValue } from '../onnx-model.js';
import { type EncoderInputs, padBatch, sortedBatches } from './batches.js';
import { encoderGraph } from './encoder-graph.js';
import { Graph } from './graph.js';
import { type Classifier, inferenceParts } from './inference-model.js';
import { type InputDivisors, integerLinear, isQuantisable } from './quantised-model.js';
import type { RunModel } from './run-model.js';
import { Tape } from './tape.js';

/** Token ids. */
type Texts = readonly (readonly number[])[];
/** A quantisable layer y of x: what stands for y from there on. */
type Changed = (x: OnnxValue, name: string, y: OnnxValue) => OnnxValue;

/** Share of a layer's inputs whose range is kept as it is. */
const USUAL_INPUTS = 0.9;
const BATCH_TEXTS = 8;
const SWITCHES = 'switches';

/** Activations are rounded to 256 steps between the smallest and the largest, and in an encoder a few inputs of a layer are ten
 *  times as large as the others, which leaves these few steps. So the large ones are divided to the range of the others before
 *  they are rounded, and their weights multiplied (Xiao et al. 2023, arXiv:2211.10438). */
export async function inputDivisors(classifier: Classifier, texts: Texts, run: RunModel): Promise<InputDivisors> {
  const ranges = new Map<string, OnnxValue>();
  const graph = new Graph();
  probe(classifier, graph, (x, name, y) => {
    const sizes = graph.apply('Abs', [x], { dims: x.dims });
    const range = graph.apply('ReduceMax', [sizes], { dims: [x.dims[1]!] }, { axes: [0], keepdims: 0 });
    ranges.set(name, range);
    graph.output(range);
    return y;
  });
  const runs = await run(graph.toModel('ranges'), batchesOf(texts));
  const largest = (name: string) => maxima(runs.map((outputs) => outputs[ranges.get(name)!.name]!));
  return new Map([...ranges.keys()].map((name) => [name, divisorsOf(largest(name))]));
}

/** The layers of the divisors, those first that change the logits most when they alone are in INT8. */
export async function layersByLoss(
  classifier: Classifier,
  divisors: InputDivisors,
  texts: Texts,
  run: RunModel,
): Promise<string[]> {
  const layers = [...divisors.keys()];
  const graph = new Graph();
  const switches = graph.input(SWITCHES, 'float32', [layers.length]);
  const logits = probe(classifier, graph, (x, name, y) => {
    const rounded = integerLinear(graph, x, name, classifier.values, divisors.get(name)!);
    const change = graph.apply('Sub', [rounded, y], { dims: y.dims });
    const switched = graph.apply('Gather', [switches, graph.integers(layers.indexOf(name))], { dims: [1] });
    return graph.apply('Add', [y, graph.apply('Mul', [change, switched], { dims: y.dims })], { dims: y.dims });
  });
  graph.output(logits);
  const batches = batchesOf(texts);
  const inputsOf = (on: number) => {
    const data = Float32Array.from(layers, (_, layer) => Number(layer === on));
    return batches.map((batch) => ({
      ...batch,
      [SWITCHES]: { type: 'float32' as const, dims: [layers.length], data },
    }));
  };
  const runs = await run(graph.toModel('switched layers'), [-1, ...layers.keys()].flatMap(inputsOf));
  const logitsOf = (first: number) =>
    runs.slice(first * batches.length, (first + 1) * batches.length).flatMap((outputs) => [...outputs[logits.name]!]);
  const float = logitsOf(0);
  const losses = layers.map((_, layer) =>
    logitsOf(1 + layer).reduce((sum, logit, index) => sum + (logit - float[index]!) ** 2, 0),
  );
  return [...layers.keys()].sort((a, b) => losses[b]! - losses[a]!).map((layer) => layers[layer]!);
}

/** The float32 model with its quantisable layers changed; gives the logits. */
function probe({ shape, pooling, parameters, values }: Classifier, graph: Graph, change: Changed): OnnxValue {
  const tape = new Tape(graph);
  const dims = new Map(parameters.map((parameter) => [parameter.name, parameter.dims]));
  const parts = inferenceParts(tape, (name) => graph.weight({ name, dims: dims.get(name)!, data: values.get(name)! }));
  const { logits } = encoderGraph(tape, shape, pooling, {
    ...parts,
    linear: (x, name) => {
      const y = parts.linear(x, name);
      return isQuantisable(name) ? change(x, name, y) : y;
    },
  });
  return logits;
}

function batchesOf(texts: Texts): EncoderInputs[] {
  const lengths = texts.map(({ length }) => length);
  return sortedBatches(lengths, BATCH_TEXTS).map((rows) => padBatch(rows.map((row) => texts[row]!)));
}

function maxima(runs: readonly Float32Array[]): Float32Array {
  return runs[0]!.map((_, index) => Math.max(...runs.map((ranges) => ranges[index]!)));
}

/** At least 1. */
function divisorsOf(largest: Float32Array): Float32Array {
  const usual = largest.toSorted()[Math.floor(USUAL_INPUTS * (largest.length - 1))]!;
  return largest.map((range) => (usual === 0 ? 1 : Math.max(1, range / usual)));
}
