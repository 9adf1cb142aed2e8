/** A builder of ONNX graphs that knows the dimensions of every value. */
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, OnnxType, OnnxValue } from '../onnx-model.js';

/** What a node gives: its dimensions, its type (float32 unless told) and its name (a number unless told). */
export interface Result {
  readonly dims: OnnxValue['dims'];
  readonly type?: OnnxValue['type'];
  readonly name?: string;
}

type Attributes = Readonly<Record<string, OnnxAttribute>>;

export class Graph {
  private readonly nodes: OnnxNode[] = [];
  private readonly initializers = new Map<string, OnnxTensor>();
  private readonly inputs: OnnxValue[] = [];
  private readonly outputs: OnnxValue[] = [];

  input(name: string, type: OnnxType, dims: OnnxValue['dims']): OnnxValue {
    const value = { name, type, dims };
    this.inputs.push(value);
    return value;
  }

  output(value: OnnxValue): void {
    this.outputs.push(value);
  }

  /** A tensor that is part of the model. */
  weight(tensor: OnnxTensor, type: OnnxType = 'float32'): OnnxValue {
    this.initializers.set(tensor.name, tensor);
    return { name: tensor.name, type, dims: tensor.dims };
  }

  scalar(number: number): OnnxValue {
    return this.weight({ name: `scalar ${number}`, dims: [], data: Float32Array.of(number) });
  }

  /** A one-dimensional tensor: axes, or a shape. */
  integers(...numbers: readonly number[]): OnnxValue {
    const data = BigInt64Array.from(numbers, BigInt);
    return this.weight({ name: `integers ${numbers.join(' ')}`, dims: [numbers.length], data }, 'int64');
  }

  apply(op: string, inputs: readonly OnnxValue[], result: Result, attributes: Attributes = {}): OnnxValue {
    return this.applyForMany(op, inputs, [result], attributes)[0]!;
  }

  /** A node with several outputs. */
  applyForMany(
    op: string,
    inputs: readonly OnnxValue[],
    results: readonly Result[],
    attributes: Attributes = {},
  ): OnnxValue[] {
    const values = results.map(({ dims, type = 'float32', name }, index) => ({
      name: name ?? `${op} ${this.nodes.length}.${index}`,
      type,
      dims,
    }));
    const names = (of: readonly OnnxValue[]) => of.map(({ name }) => name);
    this.nodes.push({ op, inputs: names(inputs), outputs: names(values), attributes });
    return values;
  }

  /** Weights that no node reads are left out. */
  toModel(name: string): OnnxModel {
    const { nodes, inputs, outputs } = this;
    const read = new Set(nodes.flatMap((node) => node.inputs));
    const initializers = [...this.initializers.values()].filter((tensor) => read.has(tensor.name));
    return { name, opset: OPSET, nodes, initializers, inputs, outputs };
  }
}

/** The first with LayerNormalization. */
const OPSET = 17;
