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
  /** Length of what rounding changed, relative to the length of all. */
  readonly error: number;
}

/** Symmetric: the largest number of each row becomes ±127. */
export function quantiseRows(numbers: Float32Array, width: number): QuantisedRows {
  const values = new Int8Array(numbers.length);
  const scales = new Float32Array(numbers.length / width);
  let [lost, all] = [0, 0];
  for (const row of scales.keys()) {
    let largest = 0;
    for (let i = row * width; i < (row + 1) * width; i++) largest = Math.max(largest, Math.abs(numbers[i]!));
    scales[row] = largest === 0 ? 1 : largest / 127;
    for (let i = row * width; i < (row + 1) * width; i++) {
      values[i] = Math.round(numbers[i]! / scales[row]!);
      lost += (numbers[i]! - values[i]! * scales[row]!) ** 2;
      all += numbers[i]! ** 2;
    }
  }
  return { values, scales, error: all === 0 ? 0 : Math.sqrt(lost / all) };
}

/** The linear layers that can be quantised, those that lose most by it first. */
export function quantisableLayers({ parameters, values }: Classifier): string[] {
  return parameters
    .filter(({ name }) => name.startsWith('layer.') && name.endsWith('.weight'))
    .map(({ name, dims }) => ({
      name: name.replace(/\.weight$/, ''),
      error: quantiseRows(values.get(name)!, dims[1]!).error,
    }))
    .sort((a, b) => b.error - a.error)
    .map(({ name }) => name);
}

/** The layers in `inFloat` keep their weights in float32, as the head and the norms do. */
export function quantisedModel(classifier: Classifier, inFloat: ReadonlySet<string>): OnnxModel {
  const { shape, pooling, labels, values } = classifier;
  const graph = new Graph();
  const tape = new Tape(graph);
  const dims = new Map(classifier.parameters.map((parameter) => [parameter.name, parameter.dims]));
  const parameter = (name: string) => graph.weight({ name, dims: dims.get(name)!, data: values.get(name)! });
  const parts = inferenceParts(tape, parameter);
  const quantised = new Set(quantisableLayers(classifier).filter((name) => !inFloat.has(name)));
  const { logits } = encoderGraph(tape, shape, pooling, {
    ...parts,
    words: (ids) => quantisedWords(graph, values.get(WORD_TABLE)!, shape.hidden, ids),
    linear: (x, name) => {
      if (!quantised.has(name)) return parts.linear(x, name);
      return integerLinear(graph, x, name, values.get(`${name}.weight`)!, parameter(`${name}.bias`));
    },
  });
  addAnswers(graph, logits, labels);
  return graph.toModel('encoder in INT8');
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

/** x [rows, in]; weight [out, in] is stored as [in, out], for MatMulInteger transposes nothing. */
function integerLinear(graph: Graph, x: OnnxValue, name: string, weight: Float32Array, bias: OnnxValue): OnnxValue {
  const [out, into] = [bias.dims[0] as number, x.dims[1] as number];
  const { values, scales } = quantiseRows(weight, into);
  const integers = graph.weight({ name: `${name} integers`, dims: [into, out], data: transposed(values, out) }, 'int8');
  const scale = graph.weight({ name: `${name} scales`, dims: [out], data: scales });
  const [activations, activationScale, zero] = graph.applyForMany(
    'DynamicQuantizeLinear',
    [x],
    [{ dims: x.dims, type: 'uint8' }, { dims: [] }, { dims: [], type: 'uint8' }],
  ) as [OnnxValue, OnnxValue, OnnxValue];
  const dims = [x.dims[0]!, out];
  const product = graph.apply('MatMulInteger', [activations, integers, zero], { dims, type: 'int32' });
  const floats = graph.apply('Cast', [product], { dims }, { to: FLOAT32 });
  const scaled = graph.apply('Mul', [floats, graph.apply('Mul', [activationScale, scale], { dims: [out] })], { dims });
  return graph.apply('Add', [scaled, bias], { dims });
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
