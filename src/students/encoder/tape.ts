/** Operations on a graph that can be differentiated (reverse mode): each records how the gradient of its result makes the
 *  gradients of its inputs, and `gradients` adds those nodes to the same graph. Only standard ONNX operators are used. */
import type { OnnxValue } from '../onnx-model.js';
import type { Graph } from './graph.js';

interface Step {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** The gradients of the outputs give one of each input; only those asked for are built. */
  readonly backward: (gradients: readonly OnnxValue[]) => readonly (() => OnnxValue)[];
}

type Dims = OnnxValue['dims'];

/** What the gradients of values are added to, by the values' names. */
export type Sums = ReadonlyMap<string, OnnxValue>;

export class Tape {
  private readonly steps: Step[] = [];
  /** Rows of ones [1, n], by n. */
  private readonly ones = new Map<Dims[number], OnnxValue>();
  /** What is still to be added to. */
  private sums = new Map<string, OnnxValue>();

  constructor(readonly graph: Graph) {}

  /** Both of the same dimensions. */
  add(a: OnnxValue, b: OnnxValue): OnnxValue {
    const sum = this.graph.apply('Add', [a, b], { dims: a.dims });
    return this.record([a, b], sum, (d) => [() => d, () => d]);
  }

  /** x + constant, which is broadcast to the dimensions of x and gets no gradient. */
  shift(x: OnnxValue, constant: OnnxValue): OnnxValue {
    const shifted = this.graph.apply('Add', [x, constant], { dims: x.dims });
    return this.record([x], shifted, (d) => [() => d]);
  }

  /** x · constant, which is broadcast to the dimensions of x and gets no gradient. */
  scale(x: OnnxValue, constant: OnnxValue): OnnxValue {
    const scaled = this.multiply(x, constant);
    return this.record([x], scaled, (d) => [() => this.multiply(d, constant)]);
  }

  /** x · weightᵀ + bias: x [rows, in], weight [out, in], bias [out]. */
  linear(x: OnnxValue, weight: OnnxValue, bias: OnnxValue): OnnxValue {
    const { graph } = this;
    const result = { dims: [x.dims[0]!, weight.dims[0]!] };
    const y = graph.apply('Gemm', [x, weight, bias], result, { transB: 1 });
    return this.record([x, weight, bias], y, (d) => [
      () => graph.apply('Gemm', [d, weight], { dims: x.dims }),
      () => graph.apply('Gemm', [d, x, ...this.sumOf(weight)], { dims: weight.dims }, { transA: 1 }),
      () => this.columnSums(d, bias),
    ]);
  }

  /** a [..., m, k] · b [..., k, n]. */
  matmul(a: OnnxValue, b: OnnxValue): OnnxValue {
    const product = (one: OnnxValue, other: OnnxValue) =>
      this.graph.apply('MatMul', [one, other], { dims: [...one.dims.slice(0, -1), other.dims.at(-1)!] });
    return this.record([a, b], product(a, b), (d) => [
      () => product(d, this.swapLast(b)),
      () => product(this.swapLast(a), d),
    ]);
  }

  /** Over the last axis. */
  softmax(x: OnnxValue): OnnxValue {
    const y = this.graph.apply('Softmax', [x], { dims: x.dims }, { axis: -1 });
    return this.record([x], y, (d) => [
      () => this.multiply(this.subtract(d, this.sum(this.multiply(d, y), [-1], true)), y),
    ]);
  }

  /** Of x [rows, last] over the last axis, with gain and offset [last] (Ba et al. 2016, arXiv:1607.06450). */
  layerNorm(x: OnnxValue, gain: OnnxValue, offset: OnnxValue, epsilon: number): OnnxValue {
    const perRow = { dims: [...x.dims.slice(0, -1), 1] };
    const [y, mean, inverseDeviation] = this.graph.applyForMany(
      'LayerNormalization',
      [x, gain, offset],
      [{ dims: x.dims }, perRow, perRow],
      { axis: -1, epsilon: { float: epsilon } },
    ) as [OnnxValue, OnnxValue, OnnxValue];
    return this.record([x, gain, offset], y, (d) => {
      const normal = this.multiply(this.subtract(x, mean), inverseDeviation);
      const average = (value: OnnxValue) =>
        this.graph.apply('ReduceMean', [value], perRow, { axes: [-1], keepdims: 1 });
      return [
        () => {
          const scaled = this.multiply(d, gain);
          const along = this.multiply(normal, average(this.multiply(scaled, normal)));
          return this.multiply(this.subtract(this.subtract(scaled, average(scaled)), along), inverseDeviation);
        },
        () => this.columnSums(this.multiply(d, normal), gain),
        () => this.columnSums(d, offset),
      ];
    });
  }

  /** x · Φ(x) with the exact normal distribution function (Hendrycks and Gimpel 2016, arXiv:1606.08415), written as
   *  onnxruntime recognises it to compute it in one step. The gradient computes Φ(x) again: to keep it would take a third of the
   *  memory that a step keeps. */
  gelu(x: OnnxValue): OnnxValue {
    const { graph } = this;
    const [half, one] = [graph.scalar(0.5), graph.scalar(1)];
    const erf = (scaled: OnnxValue) => graph.apply('Erf', [scaled], { dims: x.dims });
    const scaled = graph.apply('Div', [x, graph.scalar(Math.SQRT2)], { dims: x.dims });
    const twicePhi = graph.apply('Add', [erf(scaled), one], { dims: x.dims });
    const y = this.multiply(this.multiply(x, twicePhi), half);
    return this.record([x], y, (d) => [
      () => {
        // With s = x/√2: Φ(x) + x φ(x) = (1 + erf s)/2 + s exp(−s² − ln √π). A product: onnxruntime would join a quotient with the
        // one above. HardSigmoid is the line between 0 and 1, in one step.
        const s = this.multiply(x, graph.scalar(Math.SQRT1_2));
        const exponent = this.subtract(graph.scalar(-0.5 * Math.log(Math.PI)), this.multiply(s, s), x.dims);
        const density = this.multiply(s, graph.apply('Exp', [exponent], { dims: x.dims }));
        const line = { alpha: { float: 0.5 }, beta: { float: 0.5 } };
        const phi = graph.apply('HardSigmoid', [erf(s)], { dims: x.dims }, line);
        return this.multiply(d, graph.apply('Add', [phi, density], { dims: x.dims }));
      },
    ]);
  }

  transpose(x: OnnxValue, order: readonly number[]): OnnxValue {
    const inverse = order.map((_, axis) => order.indexOf(axis));
    return this.record([x], this.reorder(x, order), (d) => [() => this.reorder(d, inverse)]);
  }

  /** `shape` and `shapeBack` are int64 tensors, for ONNX needs the sizes that `dims` names when the model runs. */
  reshape(x: OnnxValue, dims: Dims, shape: OnnxValue, shapeBack: OnnxValue): OnnxValue {
    const y = this.graph.apply('Reshape', [x, shape], { dims });
    return this.record([x], y, (d) => [() => this.graph.apply('Reshape', [d, shapeBack], { dims: x.dims })]);
  }

  /** Equal parts along the last axis. */
  split(x: OnnxValue, parts: number): OnnxValue[] {
    const width = (x.dims.at(-1) as number) / parts;
    const part = { dims: [...x.dims.slice(0, -1), width] };
    const sizes = this.graph.integers(...Array<number>(parts).fill(width));
    const outputs = this.graph.applyForMany('Split', [x, sizes], Array(parts).fill(part), { axis: -1 });
    const backward: Step['backward'] = (gradients) => [
      () => this.graph.apply('Concat', gradients, { dims: x.dims }, { axis: -1 }),
    ];
    this.steps.push({ inputs: [x], outputs, backward });
    return outputs;
  }

  /** −Σ targets · ln softmax(logits), both [rows, labels]. Targets of a row may sum to its weight instead of 1. */
  crossEntropy(logits: OnnxValue, targets: OnnxValue): OnnxValue {
    const { graph } = this;
    const logProbabilities = graph.apply('LogSoftmax', [logits], { dims: logits.dims }, { axis: -1 });
    const loss = graph.apply('Neg', [this.sum(this.multiply(targets, logProbabilities), [0, 1])], { dims: [] });
    return this.record([logits], loss, (d) => [
      () => {
        const probabilities = graph.apply('Softmax', [logits], { dims: logits.dims }, { axis: -1 });
        const slope = this.subtract(this.multiply(probabilities, this.sum(targets, [1], true)), targets);
        return this.multiply(slope, d);
      },
    ]);
  }

  /** Adds the nodes that compute the gradient of `loss` (a scalar) with respect to each value; in the order of `values`.
   *  Weights, biases, gains and offsets that have an entry in `sums` get the sum of that and their gradient; a product adds to it
   *  for nothing. An entry has the dimensions of its gradient, or one number for all. The gradient of a value of one dimension has
   *  the dimensions [1, n]. Throws RangeError for a value that the loss doesn't depend on, and for sums that nothing is added to. */
  gradients(loss: OnnxValue, values: readonly OnnxValue[], sums: Sums = new Map()): OnnxValue[] {
    this.sums = new Map(sums);
    const reached = new Set(values.map(({ name }) => name));
    for (const { inputs, outputs } of this.steps) {
      if (inputs.some(({ name }) => reached.has(name))) for (const { name } of outputs) reached.add(name);
    }
    const gradients = new Map<string, OnnxValue>([[loss.name, this.graph.scalar(1)]]);
    for (const { inputs, outputs, backward } of this.steps.toReversed()) {
      const known = outputs.map(({ name }) => gradients.get(name));
      if (!known.every((gradient) => gradient !== undefined)) continue;
      const build = backward(known);
      for (const [index, input] of inputs.entries()) {
        if (reached.has(input.name)) this.accumulate(gradients, input, build[index]!());
      }
    }
    for (const name of this.sums.keys()) throw new RangeError(`nothing is added to the gradients of "${name}"`);
    return values.map(({ name }) => {
      const gradient = gradients.get(name);
      if (gradient === undefined) throw new RangeError(`the loss does not depend on "${name}"`);
      return gradient;
    });
  }

  private accumulate(gradients: Map<string, OnnxValue>, value: OnnxValue, gradient: OnnxValue): void {
    const before = gradients.get(value.name);
    const sum = before && this.graph.apply('Add', [before, gradient], { dims: value.dims });
    gradients.set(value.name, sum ?? gradient);
  }

  private record(
    inputs: readonly OnnxValue[],
    output: OnnxValue,
    backward: (gradient: OnnxValue) => readonly (() => OnnxValue)[],
  ): OnnxValue {
    this.steps.push({ inputs, outputs: [output], backward: ([gradient]) => backward(gradient!) });
    return output;
  }

  private multiply(a: OnnxValue, b: OnnxValue): OnnxValue {
    return this.graph.apply('Mul', [a, b], { dims: a.dims });
  }

  private subtract(a: OnnxValue, b: OnnxValue, dims = a.dims): OnnxValue {
    return this.graph.apply('Sub', [a, b], { dims });
  }

  private sum(x: OnnxValue, axes: readonly number[], keep = false): OnnxValue {
    const rank = x.dims.length;
    const summed = new Set(axes.map((axis) => (axis + rank) % rank));
    const dims = x.dims.flatMap((dim, axis) => (!summed.has(axis) ? [dim] : keep ? [1] : []));
    return this.graph.apply('ReduceSum', [x, this.graph.integers(...axes)], { dims }, { keepdims: keep ? 1 : 0 });
  }

  /** The gradient of `parameter` [n], which was added to each row of what x [rows, n] is the gradient of: as a product with ones,
   *  for which onnxruntime takes a fourth of the time that its ReduceSum takes. */
  private columnSums(x: OnnxValue, parameter: OnnxValue): OnnxValue {
    const ones = this.onesFor(x);
    return this.graph.apply('Gemm', [ones, x, ...this.sumOf(parameter)], { dims: [1, x.dims[1]!] });
  }

  /** [1, rows] for x [rows, n]. */
  private onesFor(x: OnnxValue): OnnxValue {
    const { graph } = this;
    const [rows] = x.dims as [Dims[number]];
    const known = this.ones.get(rows);
    if (known !== undefined) return known;
    const length = graph.apply('Shape', [x], { dims: [1], type: 'int64' }, { start: 0, end: 1 });
    const shape = graph.apply('Concat', [graph.integers(1), length], { dims: [2], type: 'int64' }, { axis: 0 });
    const ones = graph.apply('Expand', [graph.scalar(1), shape], { dims: [1, rows] });
    this.ones.set(rows, ones);
    return ones;
  }

  /** What the parameter's gradient is to be added to, if anything: told once. */
  private sumOf({ name }: OnnxValue): OnnxValue[] {
    const sum = this.sums.get(name);
    this.sums.delete(name);
    return sum === undefined ? [] : [sum];
  }

  private reorder(x: OnnxValue, order: readonly number[]): OnnxValue {
    return this.graph.apply('Transpose', [x], { dims: order.map((axis) => x.dims[axis]!) }, { perm: order });
  }

  private swapLast(x: OnnxValue): OnnxValue {
    const last = x.dims.length - 1;
    return this.reorder(
      x,
      [...x.dims.keys()].map((axis) => (axis < last - 1 ? axis : axis === last ? last - 1 : last)),
    );
  }
}
