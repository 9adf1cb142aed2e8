/** Evaluates ONNX graphs in float64, one plain loop an operator: the reference for gradients, slow and easy to check. */
import type { OnnxModel, OnnxNode } from '../../../src/students/onnx-model.js';

export interface Array64 {
  readonly dims: readonly number[];
  readonly data: Float64Array;
}

/** Every value of the graph by its name. Integers are held as float64 too. */
export function interpret(model: OnnxModel, feeds: Record<string, Array64>): Map<string, Array64> {
  const values = new Map(Object.entries(feeds));
  for (const { name, dims, data } of model.initializers) {
    values.set(name, { dims, data: Float64Array.from(data as ArrayLike<number | bigint>, Number) });
  }
  for (const node of model.nodes) {
    const inputs = node.inputs.map((name) => values.get(name)!);
    for (const [index, output] of evaluate(node, inputs).entries()) values.set(node.outputs[index]!, output);
  }
  return values;
}

function evaluate(node: OnnxNode, inputs: readonly Array64[]): Array64[] {
  const [a, b, c] = inputs as [Array64, Array64, Array64];
  const integer = (name: string, otherwise = 0) => (node.attributes?.[name] as number | undefined) ?? otherwise;
  switch (node.op) {
    case 'Add':
      return [broadcast(a, b, (x, y) => x + y)];
    case 'Sub':
      return [broadcast(a, b, (x, y) => x - y)];
    case 'Mul':
      return [broadcast(a, b, (x, y) => x * y)];
    case 'Div':
      return [broadcast(a, b, (x, y) => x / y)];
    case 'Max':
      return [broadcast(a, b, Math.max)];
    case 'Neg':
      return [map(a, (x) => -x)];
    case 'Exp':
      return [map(a, Math.exp)];
    case 'Erf':
      return [map(a, erf)];
    case 'HardSigmoid': {
      const { alpha, beta } = node.attributes as Record<string, { float: number }>;
      return [map(a, (x) => Math.min(1, Math.max(0, alpha!.float * x + beta!.float)))];
    }
    case 'Cast':
    case 'Identity':
      return [a];
    case 'Shape': {
      const sizes = a.dims.slice(integer('start'), integer('end', a.dims.length));
      return [{ dims: [sizes.length], data: Float64Array.from(sizes) }];
    }
    case 'Expand': {
      const dims = Array.from(b.data);
      return [{ dims, data: new Float64Array(size(dims)).fill(a.data[0]!) }];
    }
    case 'Reshape': {
      const known = b.data.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
      return [{ dims: Array.from(b.data, (dim) => (dim === -1 ? a.data.length / known : dim)), data: a.data }];
    }
    case 'Unsqueeze': {
      const dims = [...a.dims];
      for (const axis of b.data) dims.splice(axis, 0, 1);
      return [{ dims, data: a.data }];
    }
    case 'Transpose':
      return [transpose(a, node.attributes!.perm as number[])];
    case 'Concat':
      return [concat(inputs, integer('axis'))];
    case 'Split':
      return splitLast(a, Array.from(b.data));
    case 'Gather': {
      const width = size(a.dims.slice(1));
      const data = new Float64Array(b.data.length * width);
      for (const [row, from] of b.data.entries())
        data.set(a.data.subarray(from * width, (from + 1) * width), row * width);
      return [{ dims: [...b.dims, ...a.dims.slice(1)], data }];
    }
    case 'CumSum': {
      const width = a.dims.at(-1)!;
      const data = Float64Array.from(a.data);
      for (const index of data.keys()) if (index % width > 0) data[index]! += data[index - 1]!;
      return [{ dims: a.dims, data }];
    }
    case 'Gemm': {
      const left = integer('transA') ? transpose(a, [1, 0]) : a;
      const product = matmul(left, integer('transB') ? transpose(b, [1, 0]) : b);
      return [c ? broadcast(product, c, (x, y) => x + y) : product];
    }
    case 'MatMul':
      return [matmul(a, b)];
    case 'ReduceSum':
      return [reduce(a, Array.from(b.data), integer('keepdims', 1) === 1)];
    case 'ReduceMean': {
      const axes = node.attributes!.axes as number[];
      const count = axes.reduce((product, axis) => product * a.dims.at(axis)!, 1);
      return [map(reduce(a, axes, true), (sum) => sum / count)];
    }
    case 'Softmax':
      return [softmax(a)];
    case 'LogSoftmax':
      return [map(softmax(a), Math.log)];
    case 'LayerNormalization':
      return layerNorm(a, b, c, (node.attributes!.epsilon as { float: number }).float);
    default:
      throw new RangeError(`the reference interpreter does not know ${node.op}`);
  }
}

const size = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);

function map({ dims, data }: Array64, f: (x: number) => number): Array64 {
  return { dims, data: data.map((x) => f(x)) };
}

/** Index in an array of `dims` of the element that stands at `index` in one of `whole`, to which `dims` is broadcast. */
function indexIn(dims: readonly number[], whole: readonly number[], index: number): number {
  let [rest, place, stride] = [index, 0, 1];
  for (let axis = 1; axis <= whole.length; axis++) {
    const coordinate = rest % whole.at(-axis)!;
    rest = Math.floor(rest / whole.at(-axis)!);
    const dim = dims.at(-axis) ?? 1;
    if (axis <= dims.length && dim > 1) place += coordinate * stride;
    if (axis <= dims.length) stride *= dim;
  }
  return place;
}

function broadcast(a: Array64, b: Array64, f: (x: number, y: number) => number): Array64 {
  if (a.dims.join() === b.dims.join()) return { dims: a.dims, data: a.data.map((x, index) => f(x, b.data[index]!)) };
  const rank = Math.max(a.dims.length, b.dims.length);
  const dims = Array.from({ length: rank }, (_, axis) =>
    Math.max(a.dims.at(axis - rank) ?? 1, b.dims.at(axis - rank) ?? 1),
  );
  const data = Float64Array.from({ length: size(dims) }, (_, index) =>
    f(a.data[indexIn(a.dims, dims, index)]!, b.data[indexIn(b.dims, dims, index)]!),
  );
  return { dims, data };
}

function transpose(a: Array64, order: readonly number[]): Array64 {
  const dims = order.map((axis) => a.dims[axis]!);
  const strides = a.dims.map((_, axis) => size(a.dims.slice(axis + 1)));
  const data = new Float64Array(a.data.length);
  for (const index of data.keys()) {
    let [rest, place] = [index, 0];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      place += (rest % dims[axis]!) * strides[order[axis]!]!;
      rest = Math.floor(rest / dims[axis]!);
    }
    data[index] = a.data[place]!;
  }
  return { dims, data };
}

function concat(parts: readonly Array64[], axis: number): Array64 {
  const first = parts[0]!;
  const at = axis < 0 ? axis + first.dims.length : axis;
  const outer = size(first.dims.slice(0, at));
  const data: number[] = [];
  for (let row = 0; row < outer; row++) {
    for (const part of parts) {
      const width = part.data.length / outer;
      data.push(...part.data.subarray(row * width, (row + 1) * width));
    }
  }
  const joined = parts.reduce((sum, { dims }) => sum + dims[at]!, 0);
  return { dims: first.dims.map((dim, index) => (index === at ? joined : dim)), data: Float64Array.from(data) };
}

function splitLast(a: Array64, widths: readonly number[]): Array64[] {
  const whole = a.dims.at(-1)!;
  let start = 0;
  return widths.map((width) => {
    const from = start;
    start += width;
    const data = a.data.filter((_, index) => index % whole >= from && index % whole < from + width);
    return { dims: [...a.dims.slice(0, -1), width], data };
  });
}

/** [..., m, k] · [..., k, n] with the same leading dimensions. */
function matmul(a: Array64, b: Array64): Array64 {
  const [m, k, n] = [a.dims.at(-2) ?? 1, a.dims.at(-1)!, b.dims.at(-1)!];
  const batches = size(a.dims.slice(0, -2));
  const data = new Float64Array(batches * m * n);
  for (let batch = 0; batch < batches; batch++) {
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let sum = 0;
        for (let inner = 0; inner < k; inner++) {
          sum += a.data[(batch * m + row) * k + inner]! * b.data[(batch * k + inner) * n + column]!;
        }
        data[(batch * m + row) * n + column] = sum;
      }
    }
  }
  return { dims: [...a.dims.slice(0, -1), n], data };
}

function reduce(a: Array64, axes: readonly number[], keep: boolean): Array64 {
  const rank = a.dims.length;
  const summed = new Set(axes.map((axis) => (axis + rank) % rank));
  const kept = a.dims.map((dim, axis) => (summed.has(axis) ? 1 : dim));
  const data = new Float64Array(size(kept));
  for (const [index, value] of a.data.entries()) data[indexIn(kept, a.dims, index)]! += value;
  return { dims: keep ? kept : a.dims.filter((_, axis) => !summed.has(axis)), data };
}

function softmax(a: Array64): Array64 {
  const width = a.dims.at(-1)!;
  const data = a.data.slice();
  for (let start = 0; start < data.length; start += width) {
    const row = data.subarray(start, start + width);
    const largest = Math.max(...row);
    const powers = row.map((x) => Math.exp(x - largest));
    const total = powers.reduce((sum, x) => sum + x, 0);
    row.set(powers.map((x) => x / total));
  }
  return { dims: a.dims, data };
}

function layerNorm(a: Array64, gain: Array64, offset: Array64, epsilon: number): Array64[] {
  const width = a.dims.at(-1)!;
  const y = a.data.slice();
  const [means, inverses] = [new Float64Array(y.length / width), new Float64Array(y.length / width)];
  for (const row of means.keys()) {
    const x = a.data.subarray(row * width, (row + 1) * width);
    const mean = x.reduce((sum, value) => sum + value, 0) / width;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    means[row] = mean;
    inverses[row] = 1 / Math.sqrt(variance + epsilon);
    for (const [i, value] of x.entries()) {
      y[row * width + i] = (value - mean) * inverses[row]! * gain.data[i]! + offset.data[i]!;
    }
  }
  const perRow = [...a.dims.slice(0, -1), 1];
  return [
    { dims: a.dims, data: y },
    { dims: perRow, data: means },
    { dims: perRow, data: inverses },
  ];
}

/** Abramowitz and Stegun 1964, 7.1.6: 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!, which converges for every x. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
