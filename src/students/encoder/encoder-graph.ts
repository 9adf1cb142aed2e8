/** The forward graph of a BERT-family encoder with a classifier on its pooled output (Devlin et al. 2019,
 *  arXiv:1810.04805; Liu et al. 2019, arXiv:1907.11692; Sanh et al. 2019, arXiv:1910.01108). */
import type { OnnxValue } from '../onnx-model.js';
import { POSITION_TABLE, TOKEN_TYPE_TABLE } from './encoder-parameters.js';
import type { EncoderShape } from './encoder-shape.js';
import type { Tape } from './tape.js';

/** mean: of the tokens that are not padding. first: the first token, [CLS] or <s>. */
export type Pooling = 'mean' | 'first';

export const IDS_INPUT = 'input_ids';
export const MASK_INPUT = 'attention_mask';
/** Sizes known when the graph runs. */
export const TEXTS = 'texts';
export const TOKENS = 'tokens';
/** texts · tokens. */
export const ROWS = 'rows';

/** Where the graph gets what depends on its use: training, inference, or inference in integers. */
export interface EncoderParts {
  parameter(name: string): OnnxValue;
  /** Rows of the word table by their numbers [texts, tokens]. */
  words(ids: OnnxValue): OnnxValue;
  /** x · `name`.weightᵀ + `name`.bias. */
  linear(x: OnnxValue, name: string): OnnxValue;
  dropout(x: OnnxValue, rate: number): OnnxValue;
}

export interface EncoderOutputs {
  /** The sum of the embedding tables' rows, before its norm [rows, hidden]: its gradient is that of every summand. */
  readonly embedded: OnnxValue;
  /** [texts, labels]. */
  readonly logits: OnnxValue;
}

/** Inputs are input_ids and attention_mask, both int64 [texts, tokens]; padding stands on the right. */
export function encoderGraph(tape: Tape, shape: EncoderShape, pooling: Pooling, parts: EncoderParts): EncoderOutputs {
  const { graph } = tape;
  const ids = graph.input(IDS_INPUT, 'int64', [TEXTS, TOKENS]);
  const mask = graph.input(MASK_INPUT, 'int64', [TEXTS, TOKENS]);
  const encoder = new EncoderBuilder(tape, shape, parts, ids);
  const ordinals = graph.apply('CumSum', [mask, graph.integers(1)], { dims: ids.dims, type: 'int64' });
  const embedded = encoder.embed(ids, ordinals);
  let x = encoder.norm(embedded, 'embeddings.norm');
  x = parts.dropout(x, shape.dropout);
  const maskBias = encoder.maskBias(mask);
  for (let layer = 0; layer < shape.layers; layer++) {
    const attended = encoder.attention(x, `layer.${layer}`, maskBias);
    x = encoder.norm(tape.add(x, parts.dropout(attended, shape.dropout)), `layer.${layer}.attentionNorm`);
    const down = parts.linear(tape.gelu(parts.linear(x, `layer.${layer}.up`)), `layer.${layer}.down`);
    x = encoder.norm(tape.add(x, parts.dropout(down, shape.dropout)), `layer.${layer}.outputNorm`);
  }
  const pooled = encoder.pool(x, pooling === 'mean' ? mask : encoder.firstOnly(mask, ordinals));
  return { embedded, logits: parts.linear(parts.dropout(pooled, shape.dropout), 'classifier') };
}

class EncoderBuilder {
  private readonly flat: OnnxValue;
  private readonly threeAxes: OnnxValue;
  private readonly fourAxes: OnnxValue;

  constructor(
    private readonly tape: Tape,
    private readonly shape: EncoderShape,
    private readonly parts: EncoderParts,
    ids: OnnxValue,
  ) {
    const { graph } = tape;
    const { heads, hidden } = shape;
    const leading = graph.apply('Shape', [ids], { dims: [2], type: 'int64' });
    const axes = (...last: number[]) =>
      graph.apply(
        'Concat',
        [leading, graph.integers(...last)],
        { dims: [2 + last.length], type: 'int64' },
        { axis: 0 },
      );
    this.flat = graph.integers(-1, hidden);
    this.threeAxes = axes(hidden);
    this.fourAxes = axes(heads, hidden / heads);
  }

  embed(ids: OnnxValue, ordinals: OnnxValue): OnnxValue {
    const { graph } = this.tape;
    const dims = [TEXTS, TOKENS, this.shape.hidden];
    // The first token has ordinal 1. Padding repeats the last position, and nothing attends to it.
    const positions = graph.apply('Add', [ordinals, graph.integers(this.shape.firstPosition - 1)], {
      dims: ids.dims,
      type: 'int64',
    });
    const positionRows = graph.apply('Gather', [this.parts.parameter(POSITION_TABLE), positions], { dims });
    let sum = graph.apply('Add', [this.parts.words(ids), positionRows], { dims });
    if (this.shape.tokenTypes > 0) {
      const typeTable = this.parts.parameter(TOKEN_TYPE_TABLE);
      const typeRow = graph.apply('Gather', [typeTable, graph.integers(0)], { dims: [1, this.shape.hidden] });
      sum = graph.apply('Add', [sum, typeRow], { dims });
    }
    return graph.apply('Reshape', [sum, this.flat], { dims: [ROWS, this.shape.hidden] });
  }

  norm(x: OnnxValue, name: string): OnnxValue {
    const [gain, offset] = [this.parts.parameter(`${name}.gain`), this.parts.parameter(`${name}.offset`)];
    return this.tape.layerNorm(x, gain, offset, this.shape.epsilon);
  }

  /** 0 for tokens and a large negative number for padding, to add to the scores [texts, 1, 1, tokens]. */
  maskBias(mask: OnnxValue): OnnxValue {
    const { graph } = this.tape;
    const padding = graph.apply('Sub', [this.toFloat(mask), graph.scalar(1)], { dims: mask.dims });
    const bias = graph.apply('Mul', [padding, graph.scalar(PADDING_SCORE)], { dims: mask.dims });
    return graph.apply('Unsqueeze', [bias, graph.integers(1, 2)], { dims: [TEXTS, 1, 1, TOKENS] });
  }

  /** Multi-head self-attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2) of x [rows, hidden]. */
  attention(x: OnnxValue, layer: string, maskBias: OnnxValue): OnnxValue {
    const { tape, shape, parts } = this;
    const [query, key, value] = tape.split(parts.linear(x, `${layer}.qkv`), 3) as [OnnxValue, OnnxValue, OnnxValue];
    const scaled = tape.scale(query, tape.graph.scalar(1 / Math.sqrt(shape.hidden / shape.heads)));
    const scores = tape.matmul(this.byHead(scaled, [0, 2, 1, 3]), this.byHead(key, [0, 2, 3, 1]));
    const weights = parts.dropout(tape.softmax(tape.shift(scores, maskBias)), shape.attentionDropout);
    const context = tape.transpose(tape.matmul(weights, this.byHead(value, [0, 2, 1, 3])), [0, 2, 1, 3]);
    const joined = tape.reshape(context, x.dims, this.flat, this.fourAxes);
    return parts.linear(joined, `${layer}.attentionOutput`);
  }

  /** The weighted mean of each text's tokens; weights int64 [texts, tokens]. */
  pool(x: OnnxValue, weights: OnnxValue): OnnxValue {
    const { graph } = this.tape;
    const { hidden } = this.shape;
    const counted = this.toFloat(weights);
    const total = graph.apply('ReduceSum', [counted, graph.integers(1)], { dims: [TEXTS, 1] }, { keepdims: 1 });
    const shares = graph.apply('Div', [counted, total], { dims: weights.dims });
    const row = graph.apply('Unsqueeze', [shares, graph.integers(1)], { dims: [TEXTS, 1, TOKENS] });
    const tokens = this.tape.reshape(x, [TEXTS, TOKENS, hidden], this.threeAxes, this.flat);
    const pooled = this.tape.matmul(row, tokens);
    const perText = [TEXTS, hidden];
    return this.tape.reshape(pooled, perText, this.flat, graph.integers(-1, 1, hidden));
  }

  /** 1 for each text's first token, 0 for the others. */
  firstOnly(mask: OnnxValue, ordinals: OnnxValue): OnnxValue {
    const { graph } = this.tape;
    const int64 = { dims: mask.dims, type: 'int64' as const };
    const fromLast = graph.apply('Sub', [graph.integers(2), ordinals], int64);
    return graph.apply('Mul', [graph.apply('Max', [fromLast, graph.integers(0)], int64), mask], int64);
  }

  /** [rows, hidden] to [texts, tokens, heads, hidden / heads], then in the given order. */
  private byHead(x: OnnxValue, order: readonly number[]): OnnxValue {
    const { heads, hidden } = this.shape;
    const split = this.tape.reshape(x, [TEXTS, TOKENS, heads, hidden / heads], this.fourAxes, this.flat);
    return this.tape.transpose(split, order);
  }

  private toFloat(value: OnnxValue): OnnxValue {
    return this.tape.graph.apply('Cast', [value], { dims: value.dims }, { to: FLOAT32 });
  }
}

/** exp of it is 0 in float32, and sums with scores stay finite. */
const PADDING_SCORE = 10_000;
/** TensorProto.DataType. */
const FLOAT32 = 1;
