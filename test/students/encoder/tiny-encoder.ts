/** A tiny BERT with random weights, as a folder in the Hub's layout. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encoderParameters, sizeOf } from '../../../src/students/encoder/encoder-parameters.js';
import type { EncoderShape } from '../../../src/students/encoder/encoder-shape.js';
import { randomNumbers } from '../../../src/students/encoder/random.js';
import { writeSafetensors } from '../../../src/students/encoder/safetensors.js';

const WORDS = [
  ...['sales', 'profit', 'rose', 'fell', 'by', 'percent', 'in', 'the', 'quarter', '.', 'a'],
  ...['ice', 'snow', 'frost', 'freezing', 'spring', 'breeze', 'gentle', 'cloudy', 'desert', 'scorching', 'blazing'],
  ...['sunburn', 'today', 'weather', 'report', 'says', 'outside', 'morning', 'again', 'and', '!', ','],
];
const DIGITS = [...'0123456789'].flatMap((digit) => [digit, `##${digit}`]);
const VOCABULARY = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', ...WORDS, ...DIGITS];

const CONFIG = {
  model_type: 'bert',
  num_hidden_layers: 1,
  hidden_size: 16,
  num_attention_heads: 2,
  intermediate_size: 24,
  vocab_size: VOCABULARY.length,
  max_position_embeddings: 24,
  type_vocab_size: 2,
  hidden_act: 'gelu',
};

const SHAPE: EncoderShape = {
  family: 'bert',
  layers: 1,
  hidden: 16,
  heads: 2,
  feedForward: 24,
  vocabulary: VOCABULARY.length,
  positions: 24,
  firstPosition: 0,
  tokenTypes: 2,
  epsilon: 1e-12,
  padId: 0,
  dropout: 0.1,
  attentionDropout: 0.1,
};

/** `changes` are for config.json; `random` gives the weights, from 0 to 1 before they are scaled. */
export async function makeTinyEncoder(
  folder: string,
  changes: Record<string, unknown> = {},
  random = randomNumbers(11),
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const tensors = encoderParameters(SHAPE).flatMap((parameter) =>
    parameter.sources.map((name) => {
      const length = sizeOf(parameter) / parameter.sources.length;
      const dims = [parameter.dims[0]! / parameter.sources.length, ...parameter.dims.slice(1)];
      const start = parameter.name.endsWith('.gain') ? 1 : 0;
      // Words that training has not met should say little beside those that it has.
      const width = parameter.name.startsWith('embeddings.') ? 0.02 : 0.5;
      return { name, dims, data: Float32Array.from({ length }, () => start + (random() - 0.5) * width) };
    }),
  );
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...CONFIG, ...changes }));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer()));
  return folder;
}

/** As the tokenizers library writes a BERT's. */
function tokenizer() {
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'].map((content, id) => ({
    id,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  }));
  const part = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  return {
    version: '1.0',
    added_tokens: special,
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [part('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, part('[SEP]')],
      pair: [],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(VOCABULARY.map((token, id) => [token, id])),
    },
  };
}
