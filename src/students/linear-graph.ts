/** The linear student as an ONNX graph: counts of n-grams go in, probabilities come out. */
import type { OnnxModel, OnnxNode, OnnxTensor } from './onnx-model.js';

/** The weights of one block of n-grams. Row 0 of the exported tensors is padding, so row i here is index i + 1 there. */
export interface BlockWeights {
  readonly name: string;
  /** [rows]. */
  readonly idf: Float64Array;
  /** [rows][labels], row-major. */
  readonly weights: Float64Array;
}

/** Names of a block's two inputs: `indices` int32 and `counts` float32, both [texts, entries], padded with 0. */
export function blockInputs(name: string): { indices: string; counts: string } {
  return { indices: `${name}_indices`, counts: `${name}_counts` };
}

/** softmax(bias + Σ over the blocks of normalised((1 + ln counts) · idf) × weights), in standard operators. */
export function linearOnnxModel(blocks: readonly BlockWeights[], biases: Float64Array): OnnxModel {
  const labels = biases.length;
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [
    { name: 'one', dims: [], data: Float32Array.of(1) },
    { name: 'axis_1', dims: [1], data: BigInt64Array.of(1n) },
    { name: 'bias', dims: [labels], data: Float32Array.from(biases) },
  ];
  for (const block of blocks) {
    nodes.push(...blockNodes(block.name));
    initializers.push(...blockInitializers(block, labels));
  }
  nodes.push(
    { op: 'Sum', inputs: blocks.map(({ name }) => `${name}_scores`), outputs: ['block_scores'] },
    { op: 'Squeeze', inputs: ['block_scores', 'axis_1'], outputs: ['scores'] },
    { op: 'Add', inputs: ['scores', 'bias'], outputs: ['logits'] },
    { op: 'Softmax', inputs: ['logits'], outputs: ['probabilities'], attributes: { axis: -1 } },
  );
  return {
    name: 'linear',
    opset: 17,
    nodes,
    initializers,
    inputs: blocks.flatMap(({ name }) => {
      const { indices, counts } = blockInputs(name);
      const dims = ['texts', `${name}_entries`];
      return [{ name: indices, type: 'int32', dims } as const, { name: counts, type: 'float32', dims } as const];
    }),
    outputs: [{ name: 'probabilities', type: 'float32', dims: ['texts', labels] }],
  };
}

/** Shapes beside the steps: B texts, N entries, K labels. */
function blockNodes(name: string): OnnxNode[] {
  const { indices, counts } = blockInputs(name);
  const step = (suffix: string) => `${name}_${suffix}`;
  return [
    // Padding counts 0 times; it is cut to 1 for the logarithm, and its idf of 0 takes it out. [B, N]
    { op: 'Max', inputs: [counts, 'one'], outputs: [step('at_least_one')] },
    { op: 'Log', inputs: [step('at_least_one')], outputs: [step('log')] },
    { op: 'Add', inputs: [step('log'), 'one'], outputs: [step('tf')] },
    { op: 'Gather', inputs: [step('idf'), indices], outputs: [step('text_idf')] },
    { op: 'Mul', inputs: [step('tf'), step('text_idf')], outputs: [step('tf_idf')] },
    // A text with entries has a length of at least 1, as tf and idf have; the cut is for texts without any. [B, 1]
    { op: 'ReduceL2', inputs: [step('tf_idf')], outputs: [step('length')], attributes: { axes: [1], keepdims: 1 } },
    { op: 'Max', inputs: [step('length'), 'one'], outputs: [step('divisor')] },
    { op: 'Div', inputs: [step('tf_idf'), step('divisor')], outputs: [step('values')] },
    // [B, 1, N] × [B, N, K] = [B, 1, K]
    { op: 'Unsqueeze', inputs: [step('values'), 'axis_1'], outputs: [step('row')] },
    { op: 'Gather', inputs: [step('weights'), indices], outputs: [step('text_weights')] },
    { op: 'MatMul', inputs: [step('row'), step('text_weights')], outputs: [step('scores')] },
  ];
}

function blockInitializers({ name, idf, weights }: BlockWeights, labels: number): OnnxTensor[] {
  const paddedIdf = new Float32Array(idf.length + 1);
  paddedIdf.set(idf, 1);
  const paddedWeights = new Float32Array((idf.length + 1) * labels);
  paddedWeights.set(weights, labels);
  return [
    { name: `${name}_idf`, dims: [idf.length + 1], data: paddedIdf },
    { name: `${name}_weights`, dims: [idf.length + 1, labels], data: paddedWeights },
  ];
}
