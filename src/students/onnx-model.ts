/** A writer for ONNX model files: the few protobuf messages of onnx.proto3 (github.com/onnx/onnx) that a model needs.
 *  Field numbers stand beside their names in that file. */

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** Row-major; its class gives the tensor's type. */
  readonly data: Float32Array | Int8Array | Uint8Array | Int32Array | BigInt64Array;
}

/** Integers, lists of them, float32 numbers, or text. */
export type OnnxAttribute = number | readonly number[] | { readonly float: number } | string;

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxValue {
  readonly name: string;
  /** sequence: a list of float32 tensors. */
  readonly type: OnnxType | 'sequence';
  /** A name stands for a size that is known only when the model runs. */
  readonly dims: readonly (number | string)[];
}

export interface OnnxModel {
  readonly name: string;
  /** Version of the standard operators. */
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

export type OnnxType = keyof typeof dataTypes;

/** TensorProto.DataType. */
const dataTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
/** AttributeProto.AttributeType. */
const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 } as const;
/** The intermediate representation that opset 17 came with; newer runtimes read it. */
const IR_VERSION = 8;

/** The file's bytes. The same model gives the same bytes. */
export function encodeOnnxModel(model: OnnxModel): Uint8Array {
  const graph = new Message();
  for (const node of model.nodes) graph.message(1, encodeNode(node));
  graph.text(2, model.name);
  for (const tensor of model.initializers) graph.message(5, encodeTensor(tensor));
  for (const input of model.inputs) graph.message(11, encodeValue(input));
  for (const output of model.outputs) graph.message(12, encodeValue(output));
  return new Message()
    .integer(1, IR_VERSION)
    .text(2, 'tutelage')
    .message(7, graph)
    .message(8, new Message().text(1, '').integer(2, model.opset))
    .toBytes();
}

/** A protobuf message under construction. Parts are kept apart until the end, so that weights are copied once. */
class Message {
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  integer(field: number, value: number): this {
    return this.append(varint(field << 3), varint(value));
  }

  /** Fixed 32 bits, little-endian. */
  float(field: number, value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    return this.append(varint((field << 3) | 5), bytes);
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.append(varint((field << 3) | 2), varint(value.length), value);
  }

  message(field: number, value: Message): this {
    return this.append(varint((field << 3) | 2), varint(value.length), ...value.parts);
  }

  toBytes(): Uint8Array {
    return Buffer.concat(this.parts, this.length);
  }

  private append(...parts: Uint8Array[]): this {
    for (const part of parts) {
      this.parts.push(part);
      this.length += part.length;
    }
    return this;
  }
}

/** Base-128 varint of a signed 64-bit integer; negative ones take ten bytes. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function encodeNode(node: OnnxNode): Message {
  const message = new Message();
  for (const input of node.inputs) message.text(1, input);
  for (const output of node.outputs) message.text(2, output);
  message.text(3, node.outputs[0] ?? '').text(4, node.op);
  for (const [name, value] of Object.entries(node.attributes ?? {})) {
    message.message(5, encodeAttribute(name, value));
  }
  return message;
}

function encodeAttribute(name: string, value: OnnxAttribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === 'number') return message.integer(3, value).integer(20, attributeTypes.int);
  if (typeof value === 'string') return message.text(4, value).integer(20, attributeTypes.string);
  if ('float' in value) return message.float(2, value.float).integer(20, attributeTypes.float);
  for (const item of value) message.integer(8, item);
  return message.integer(20, attributeTypes.ints);
}

/** raw_data is little-endian, as every processor that onnxruntime-node runs on. */
function encodeTensor({ name, dims, data }: OnnxTensor): Message {
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (size !== data.length) {
    throw new RangeError(`tensor ${name} has ${data.length} values for dimensions ${JSON.stringify(dims)}`);
  }
  const message = new Message();
  for (const dim of dims) message.integer(1, dim);
  return message
    .integer(2, dataTypes[typeOf(data)])
    .text(8, name)
    .bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function typeOf(data: OnnxTensor['data']): OnnxType {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Int8Array) return 'int8';
  if (data instanceof Uint8Array) return 'uint8';
  return data instanceof Int32Array ? 'int32' : 'int64';
}

/** ValueInfoProto: name, then TypeProto { tensor_type { elem_type, shape { dim … } } } or TypeProto { sequence_type { elem_type } }. */
function encodeValue({ name, type, dims }: OnnxValue): Message {
  return new Message()
    .text(1, name)
    .message(2, type === 'sequence' ? encodeSequenceType() : encodeTensorType(type, dims));
}

function encodeSequenceType(): Message {
  const item = new Message().message(1, new Message().integer(1, dataTypes.float32));
  return new Message().message(4, new Message().message(1, item));
}

function encodeTensorType(type: OnnxType, dims: OnnxValue['dims']): Message {
  const shape = new Message();
  for (const dim of dims) {
    shape.message(1, typeof dim === 'number' ? new Message().integer(1, dim) : new Message().text(2, dim));
  }
  return new Message().message(1, new Message().integer(1, dataTypes[type]).message(2, shape));
}
