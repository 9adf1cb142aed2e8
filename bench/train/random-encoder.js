/** Encoders of well-known sizes with random weights, as folders in the Hub's layout: what they cost does not depend on the weights. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encoderParameters, sizeOf } from '../../dist/students/encoder/encoder-parameters.js';
import { readEncoderShape } from '../../dist/students/encoder/encoder-shape.js';
import { randomNumbers } from '../../dist/students/encoder/random.js';
import { writeSafetensors } from '../../dist/students/encoder/safetensors.js';

const ROBERTA = {
  model_type: 'roberta',
  max_position_embeddings: 514,
  type_vocab_size: 1,
  layer_norm_eps: 1e-5,
  pad_token_id: 1,
  hidden_act: 'gelu',
};

/** config.json of each (Liu et al. 2019, arXiv:1907.11692, section 3.1, and the Hub). tiny: enough to see that it runs. */
export const SIZES = {
  'roberta-base': {
    ...ROBERTA,
    num_hidden_layers: 12,
    hidden_size: 768,
    num_attention_heads: 12,
    intermediate_size: 3072,
    vocab_size: 50_265,
  },
  tiny: {
    ...ROBERTA,
    num_hidden_layers: 1,
    hidden_size: 32,
    num_attention_heads: 2,
    intermediate_size: 64,
    vocab_size: 4096,
  },
};

const SPECIAL = ['<s>', '<pad>', '</s>', '<unk>'];
/** Standard deviation of the weights before training. */
const DEVIATION = 0.02;

/** The words of the texts are in its vocabulary, whole. */
export async function makeRandomEncoder(folder, config, texts) {
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer(texts, config.vocab_size)));
  const random = randomNumbers(1, 'random encoder');
  const tensors = encoderParameters(await readEncoderShape(folder)).flatMap((parameter) => {
    const { decays, dims, name, sources } = parameter;
    const start = name.endsWith('.gain') ? 1 : 0;
    // Uniform with that deviation; biases and norms begin as they do everywhere.
    const width = decays ? DEVIATION * Math.sqrt(12) : 0;
    return sources.map((source) => ({
      name: source,
      dims: [dims[0] / sources.length, ...dims.slice(1)],
      data: Float32Array.from({ length: sizeOf(parameter) / sources.length }, () => start + (random() - 0.5) * width),
    }));
  });
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
}

function tokenizer(texts, size) {
  const words = new Set(texts.flatMap((text) => text.toLowerCase().match(/[\p{L}\p{N}]+|[^\p{L}\p{N}\s]/gu) ?? []));
  const known = [...SPECIAL, ...words];
  const vocabulary = [...known, ...Array.from({ length: size - known.length }, (_, index) => `unused ${index}`)];
  const special = SPECIAL.map((content, id) => ({
    ...{ id, content, special: true },
    ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
  }));
  const part = (id) => ({ SpecialToken: { id, type_id: 0 } });
  const first = { id: '<s>', ids: [0], tokens: ['<s>'] };
  const last = { id: '</s>', ids: [2], tokens: ['</s>'] };
  return {
    version: '1.0',
    added_tokens: special,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      lowercase: true,
      strip_accents: false,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [part('<s>'), { Sequence: { id: 'A', type_id: 0 } }, part('</s>')],
      pair: [],
      special_tokens: { '<s>': first, '</s>': last },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      ...{ type: 'WordPiece', unk_token: '<unk>', continuing_subword_prefix: '##', max_input_chars_per_word: 100 },
      vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
    },
  };
}
