/** What config.json of an encoder in the Hub's layout tells about its shape, for the families that can be trained. */
import { z } from 'zod';
import { EncoderError, StudentFolderError } from '../student-errors.js';
import { readFolderJson } from '../student-folder.js';
import { encoderParameters, sizeOf } from './encoder-parameters.js';

export interface EncoderShape {
  readonly family: Family;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly vocabulary: number;
  /** Rows of the position table. */
  readonly positions: number;
  /** Row of the position table that the first token takes. */
  readonly firstPosition: number;
  /** Rows of the token type table; 0 without one. */
  readonly tokenTypes: number;
  readonly epsilon: number;
  readonly padId: number;
  readonly dropout: number;
  readonly attentionDropout: number;
}

export type Family = 'bert' | 'roberta' | 'xlm-roberta' | 'distilbert';

/** An ONNX file is a protobuf message, which may not have 2 GiB; a MiB of it is for all that is no weight. */
const MOST_WEIGHTS = (2 ** 31 - 2 ** 20) / 4;

/** Throws EncoderError for an architecture that is not supported, by its name, and for more weights than the student's file can hold. */
export async function readEncoderShape(folder: string): Promise<EncoderShape> {
  const shape = await supportedShape(folder);
  refuseUnequalHeads(folder, shape);
  const weights = encoderParameters(shape).reduce((sum, parameter) => sum + sizeOf(parameter), 0);
  if (weights <= MOST_WEIGHTS) return shape;
  const millions = (count: number) => Math.floor(count / 1e6);
  throw new EncoderError(
    folder,
    `it has ${millions(weights)} million parameters, and a student's file holds ${millions(MOST_WEIGHTS)} million: use a smaller one`,
  );
}

/** Throws EncoderError. */
function refuseUnequalHeads(folder: string, { heads, hidden }: EncoderShape): void {
  if (hidden % heads === 0) return;
  throw new EncoderError(
    folder,
    `config.json tells ${heads} attention heads, which ${hidden} dimensions can't be shared among`,
  );
}

async function supportedShape(folder: string): Promise<EncoderShape> {
  const { model_type } = await readConfig(folder, z.looseObject({ model_type: z.string() }));
  switch (model_type) {
    case 'bert':
      return bertShape(folder, model_type, await readConfig(folder, BertConfig));
    case 'roberta':
    case 'xlm-roberta': {
      const shape = bertShape(folder, model_type, await readConfig(folder, BertConfig));
      // The rows up to the padding's are not used (modeling_roberta.py: create_position_ids_from_input_ids).
      return { ...shape, firstPosition: shape.padId + 1 };
    }
    case 'distilbert':
      return distilBertShape(folder, await readConfig(folder, DistilBertConfig));
    default:
      throw new EncoderError(
        folder,
        `architecture "${model_type}" is not supported: use a bert (MiniLM, BGE, E5, GTE too), roberta, xlm-roberta or distilbert`,
      );
  }
}

/** Texts may have so many tokens. */
export function longestText({ positions, firstPosition }: EncoderShape): number {
  return positions - firstPosition;
}

const size = z.number().int().min(1);
const share = z.number().min(0).lt(1);

const BertConfig = z.looseObject({
  num_hidden_layers: size,
  hidden_size: size,
  num_attention_heads: size,
  intermediate_size: size,
  vocab_size: size,
  max_position_embeddings: size,
  type_vocab_size: size.default(2),
  layer_norm_eps: z.number().positive().default(1e-12),
  pad_token_id: z.number().int().min(0).nullish(),
  hidden_dropout_prob: share.default(0.1),
  attention_probs_dropout_prob: share.default(0.1),
  hidden_act: z.string().default('gelu'),
  position_embedding_type: z.string().nullish(),
});

const DistilBertConfig = z.looseObject({
  n_layers: size,
  dim: size,
  n_heads: size,
  hidden_dim: size,
  vocab_size: size,
  max_position_embeddings: size,
  pad_token_id: z.number().int().min(0).nullish(),
  dropout: share.default(0.1),
  attention_dropout: share.default(0.1),
  activation: z.string().default('gelu'),
});

async function readConfig<T>(folder: string, schema: z.ZodType<T>): Promise<T> {
  try {
    return await readFolderJson(folder, 'config.json', schema);
  } catch (error) {
    if (error instanceof StudentFolderError) throw new EncoderError(folder, error.problem, { cause: error });
    throw error;
  }
}

function bertShape(folder: string, family: Family, config: z.infer<typeof BertConfig>): EncoderShape {
  refuseActivation(folder, config.hidden_act);
  const positions = config.position_embedding_type ?? 'absolute';
  if (positions !== 'absolute') {
    throw new EncoderError(folder, `position_embedding_type "${positions}" is not supported, only "absolute"`);
  }
  return {
    family,
    layers: config.num_hidden_layers,
    hidden: config.hidden_size,
    heads: config.num_attention_heads,
    feedForward: config.intermediate_size,
    vocabulary: config.vocab_size,
    positions: config.max_position_embeddings,
    firstPosition: 0,
    tokenTypes: config.type_vocab_size,
    epsilon: config.layer_norm_eps,
    padId: config.pad_token_id ?? (family === 'bert' ? 0 : 1),
    dropout: config.hidden_dropout_prob,
    attentionDropout: config.attention_probs_dropout_prob,
  };
}

function distilBertShape(folder: string, config: z.infer<typeof DistilBertConfig>): EncoderShape {
  refuseActivation(folder, config.activation);
  return {
    family: 'distilbert',
    layers: config.n_layers,
    hidden: config.dim,
    heads: config.n_heads,
    feedForward: config.hidden_dim,
    vocabulary: config.vocab_size,
    positions: config.max_position_embeddings,
    firstPosition: 0,
    tokenTypes: 0,
    epsilon: 1e-12,
    padId: config.pad_token_id ?? 0,
    dropout: config.dropout,
    attentionDropout: config.attention_dropout,
  };
}

function refuseActivation(folder: string, activation: string): void {
  if (activation !== 'gelu') {
    throw new EncoderError(folder, `activation "${activation}" is not supported, only "gelu"`);
  }
}
