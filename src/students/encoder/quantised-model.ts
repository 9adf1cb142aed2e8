/** The model in INT8: weights in 8 bits, one scale an output, and activations quantised as they come (dynamic quantisation,
 *  as onnxruntime's own tool does it), in standard operators that onnxruntime fuses. */
import type { OnnxModel, OnnxValue } from '../onnx-model.js';
import { encoderGraph } from './encoder-graph.js';
import { WORD_TABLE } from './encoder-parameters.js';
import { Graph } from './graph.js';
import { addAnswers, type Classifier, inferenceParts, wordRows } from './inference-model.js';
import { Tape } from './tape.js';

/** Rows of numbers · scale of their row. */
export interface QuantisedRows {
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

/** Of each quantised layer by its name: what its inputs are divided by before they are rounded (int8-calibration.ts). */
export type InputDivisors = ReadonlyMap<string, Float32Array>;

/** Symmetric: the largest number of each row becomes ±127. */
export function quantiseRows(numbers: Float32Array, width: number): QuantisedRows {
  const values = new Int8Array(numbers.length);
  const scales = new Float32Array(numbers.length / width);
  for (const row of scales.keys()) {
    let largest = 0;
    for (let i = row * width; i < (row + 1) * width; i++) largest = Math.max(largest, Math.abs(numbers[i]!));
    scales[row] = largest === 0 ? 1 : largest / 127;
    for (let i = row * width; i < (row + 1) * width; i++) {
      values[i] = Math.round(numbers[i]! / scales[row]!);
    }
  }
  return { values, scales };
}

/** Of linear layers: the head stays in float32. */
export function isQuantisable(layer: string): boolean {
  return layer.startsWith('layer.');
}

/** The layers that have no divisors keep their weights in float32, as the head and the norms do. */
export function quantisedModel(classifier: Classifier, divisors: InputDivisors): OnnxModel {
  const { shape, pooling, labels, values } = classifier;
  const graph = new Graph();
  const tape = new Tape(graph);
  const dims = new Map(classifier.parameters.map((parameter) => [parameter.name, parameter.dims]));
  const parts = inferenceParts(tape, (name) => graph.weight({ name, dims: dims.get(name)!, data: values.get(name)! }));
  const { logits } = encoderGraph(tape, shape, pooling, {
    ...parts,
    words: (ids) => quantisedWords(graph, values.get(WORD_TABLE)!, shape.hidden, ids),
    linear: (x, name) => {
      const ofInputs = divisors.get(name);
      return ofInputs === undefined ? parts.linear(x, name) : integerLinear(graph, x, name, values, ofInputs);
    },
  });
  addAnswers(graph, logits, labels);
  return graph.toModel('encoder in INT8');
}

/** x [rows, in]; the weight [out, in] is stored as [in, out], for MatMulInteger transposes nothing. */
export function integerLinear(
  graph: Graph,
  x: OnnxValue,
  name: string,
  values: Classifier['values'],
  divisors: Float32Array,
): OnnxValue {
  const bias = values.get(`${name}.bias`)!;
  const [out, into] = [bias.length, divisors.length];
  const dims = [x.dims[0]!, out];
  const weight = values.get(`${name}.weight`)!.map((value, index) => value * divisors[index % into]!);
  const rows = quantiseRows(weight, into);
  const weightOf = (part: string, dims: number[], data: Float32Array | Int8Array) =>
    graph.weight({ name: `${name} ${part}`, dims, data }, data instanceof Int8Array ? 'int8' : 'float32');
  const integers = weightOf('integers', [into, out], transposed(rows.values, out));
  const scale = weightOf('scales', [out], rows.scales);
  const factors = weightOf(
    'factors',
    [into],
    divisors.map((divisor) => 1 / divisor),
  );
  const [activations, activationScale, zero] = graph.applyForMany(
    'DynamicQuantizeLinear',
    [graph.apply('Mul', [x, factors], { dims: x.dims })],
    [{ dims: x.dims, type: 'uint8' }, { dims: [] }, { dims: [], type: 'uint8' }],
  ) as [OnnxValue, OnnxValue, OnnxValue];
  const product = graph.apply('MatMulInteger', [activations, integers, zero], { dims, type: 'int32' });
  const floats = graph.apply('Cast', [product], { dims }, { to: FLOAT32 });
  const scaled = graph.apply('Mul', [floats, graph.apply('Mul', [activationScale, scale], { dims: [out] })], { dims });
  return graph.apply('Add', [scaled, weightOf('bias', [out], bias)], { dims });
}

function quantisedWords(graph: Graph, table: Float32Array, hidden: number, ids: OnnxValue): OnnxValue {
  const { values, scales } = quantiseRows(table, hidden);
  const rows = scales.length;
  const integers = graph.weight({ name: 'words', dims: [rows, hidden], data: values }, 'int8');
  const picked = wordRows(graph, integers, ids);
  const floats = graph.apply('Cast', [picked], { dims: picked.dims }, { to: FLOAT32 });
  const scaleTable = graph.weight({ name: 'word scales', dims: [rows, 1], data: scales });
  return graph.apply('Mul', [floats, wordRows(graph, scaleTable, ids)], { dims: picked.dims });
}

function transposed(values: Int8Array, rows: number): Int8Array {
  const columns = values.length / rows;
  const result = new Int8Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column]!;
  }
  return result;
}

/** TensorProto.DataType. */
const FLOAT32 = 1;
