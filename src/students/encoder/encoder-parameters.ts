/** The parameters of a classifier on an encoder: what the graph calls them, and the tensors of the Hub's checkpoints that
 *  they are made of. */
import type { EncoderShape } from './encoder-shape.js';

export interface Parameter {
  readonly name: string;
  readonly dims: readonly number[];
  /** Tensors of the checkpoint, which joined along the first axis are the parameter; without the prefix of the model. */
  readonly sources: readonly string[];
  /** Weight decay spares biases and norms. */
  readonly decays: boolean;
}

export const WORD_TABLE = 'embeddings.word';
export const POSITION_TABLE = 'embeddings.position';
export const TOKEN_TYPE_TABLE = 'embeddings.tokenType';

/** Prefix of the encoder's tensors in a checkpoint with a head. */
export const modelPrefixes = {
  bert: 'bert.',
  roberta: 'roberta.',
  'xlm-roberta': 'roberta.',
  distilbert: 'distilbert.',
};

/** In the order of the graph. The tables come first; word rows can be fewer than the vocabulary's. */
export function encoderParameters(shape: EncoderShape, wordRows = shape.vocabulary): Parameter[] {
  const { hidden, positions, tokenTypes, layers } = shape;
  const table = (name: string, rows: number, source: string) => ({
    name,
    dims: [rows, hidden],
    sources: [`embeddings.${source}.weight`],
    decays: true,
  });
  const tables = [
    table(WORD_TABLE, wordRows, 'word_embeddings'),
    table(POSITION_TABLE, positions, 'position_embeddings'),
    ...(tokenTypes > 0 ? [table(TOKEN_TYPE_TABLE, tokenTypes, 'token_type_embeddings')] : []),
  ];
  const layerNumbers = Array.from({ length: layers }, (_, layer) => layer);
  return [
    ...tables,
    ...norm('embeddings.norm', hidden, 'embeddings.LayerNorm'),
    ...layerNumbers.flatMap((layer) => layerParameters(shape, layer)),
  ];
}

/** A linear layer on the pooled output. */
export function headParameters(shape: EncoderShape, labels: number): Parameter[] {
  return dense('classifier', labels, shape.hidden, ['classifier']);
}

export function sizeOf({ dims }: Parameter): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

function layerParameters(shape: EncoderShape, layer: number): Parameter[] {
  const { hidden, feedForward } = shape;
  const source = layerSources(shape, layer);
  const at = (name: string) => `layer.${layer}.${name}`;
  return [
    ...dense(at('qkv'), 3 * hidden, hidden, source.qkv),
    ...dense(at('attentionOutput'), hidden, hidden, [source.attentionOutput]),
    ...norm(at('attentionNorm'), hidden, source.attentionNorm),
    ...dense(at('up'), feedForward, hidden, [source.up]),
    ...dense(at('down'), hidden, feedForward, [source.down]),
    ...norm(at('outputNorm'), hidden, source.outputNorm),
  ];
}

function layerSources({ family }: EncoderShape, layer: number) {
  if (family === 'distilbert') {
    const at = (name: string) => `transformer.layer.${layer}.${name}`;
    return {
      qkv: ['q_lin', 'k_lin', 'v_lin'].map((name) => at(`attention.${name}`)),
      attentionOutput: at('attention.out_lin'),
      attentionNorm: at('sa_layer_norm'),
      up: at('ffn.lin1'),
      down: at('ffn.lin2'),
      outputNorm: at('output_layer_norm'),
    };
  }
  const at = (name: string) => `encoder.layer.${layer}.${name}`;
  return {
    qkv: ['query', 'key', 'value'].map((name) => at(`attention.self.${name}`)),
    attentionOutput: at('attention.output.dense'),
    attentionNorm: at('attention.output.LayerNorm'),
    up: at('intermediate.dense'),
    down: at('output.dense'),
    outputNorm: at('output.LayerNorm'),
  };
}

function dense(name: string, out: number, into: number, sources: readonly string[]): Parameter[] {
  const of = (part: string) => sources.map((source) => `${source}.${part}`);
  return [
    { name: `${name}.weight`, dims: [out, into], sources: of('weight'), decays: true },
    { name: `${name}.bias`, dims: [out], sources: of('bias'), decays: false },
  ];
}

function norm(name: string, width: number, source: string): Parameter[] {
  return [
    { name: `${name}.gain`, dims: [width], sources: [`${source}.weight`], decays: false },
    { name: `${name}.offset`, dims: [width], sources: [`${source}.bias`], decays: false },
  ];
}
