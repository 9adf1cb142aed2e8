import { encodeOnnxModel, type OnnxModel } from '../../src/students/onnx-model.js';

const empty: OnnxModel = { name: 'g', opset: 17, nodes: [], initializers: [], inputs: [], outputs: [] };

const hex = (model: OnnxModel) => Buffer.from(encodeOnnxModel(model)).toString('hex');
const ascii = (text: string) => Buffer.from(text, 'ascii').toString('hex');
/** A field of bytes: its tag, the length of the body in one byte, the body. All in hex. */
const field = (tag: string, body: string) => `${tag}${(body.length / 2).toString(16).padStart(2, '0')}${body}`;
const graphName = field('12', ascii('g'));
/** ir_version 8, producer_name, the graph (field 7), and the import (field 8) of version 17 of the domain ''. */
const modelHex = (graph: string) => `0808${field('12', ascii('tutelage'))}${field('3a', graph)}42040a001011`;

describe('encodeOnnxModel', () => {
  it('writes a graph without nodes', () => {
    expect(hex(empty)).toBe(modelHex(graphName));
  });

  it('writes a node with its inputs, output, name, operator and attributes', () => {
    const node = { op: 'Mul', inputs: ['a', 'b'], outputs: ['c'], attributes: { axis: -1, axes: [1, 300] } };
    // Name, then i = −1 as a varint of ten bytes and type INT; name, then ints 1 and 300 and type INTS.
    const axis = `${field('0a', ascii('axis'))}18ffffffffffffffffff01a00102`;
    const axes = `${field('0a', ascii('axes'))}400140ac02a00107`;
    const names = `${field('0a', ascii('a'))}${field('0a', ascii('b'))}${field('12', ascii('c'))}${field('1a', ascii('c'))}`;
    const body = `${names}${field('22', ascii('Mul'))}${field('2a', axis)}${field('2a', axes)}`;
    expect(hex({ ...empty, nodes: [node] })).toBe(modelHex(field('0a', body) + graphName));
  });

  it('writes a tensor with dimensions, type, name and little-endian values', () => {
    const weights = { name: 'w', dims: [2, 1], data: Float32Array.of(1, -2) };
    const body = `080208011001${field('42', ascii('w'))}${field('4a', '0000803f000000c0')}`;
    expect(hex({ ...empty, initializers: [weights] })).toBe(modelHex(graphName + field('2a', body)));
  });

  it('tells the type of a tensor from the class of its values', () => {
    const typeOf = (data: Int32Array | BigInt64Array) =>
      hex({ ...empty, initializers: [{ name: 'w', dims: [1], data }] }).match(/0801(10..)/)?.[1];
    expect([typeOf(Int32Array.of(5)), typeOf(BigInt64Array.of(5n))]).toEqual(['1006', '1007']);
  });

  it('writes inputs and outputs with fixed and named dimensions', () => {
    const input = { name: 'x', type: 'int32', dims: ['n', 3] } as const;
    const output = { name: 'y', type: 'int64', dims: [] } as const;
    // TypeProto { tensor_type { elem_type 6, shape { dim { dim_param "n" } dim { dim_value 3 } } } }
    const shape = field('0a', field('12', ascii('n'))) + field('0a', '0803');
    const x = field('0a', ascii('x')) + field('12', field('0a', `0806${field('12', shape)}`));
    const y = field('0a', ascii('y')) + field('12', field('0a', '08071200'));
    const expected = modelHex(graphName + field('5a', x) + field('62', y));
    expect(hex({ ...empty, inputs: [input], outputs: [output] })).toBe(expected);
  });

  it('refuses a tensor whose values do not fill its dimensions', () => {
    const initializers = [{ name: 'w', dims: [2, 2], data: Float32Array.of(1, 2, 3) }];
    expect(() => encodeOnnxModel({ ...empty, initializers })).toThrow('tensor w has 3 values for dimensions [2,2]');
  });
});
