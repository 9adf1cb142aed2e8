/** Writes a trained encoder as a folder in the Hub's layout. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeOnnxModel } from '../onnx-model.js';
import { MODEL_FILE, writeStudentConfig } from '../student-folder.js';
import type { Reading } from './encoder-examples.js';
import type { EncoderExport } from './encoder-featuriser.js';
import { WEIGHTS_FILE } from './encoder-folder.js';
import { modelPrefixes } from './encoder-parameters.js';
import { type Classifier, inferenceModel } from './inference-model.js';
import { type NamedTensor, writeSafetensors } from './safetensors.js';
import { readTokenizer, readTokenizerConfig, TOKENISER_FILE, withPrefix } from './tokeniser.js';

/** The class that transformers lacks: the classifier is a linear layer on the pooled tokens. */
const PYTORCH_MODEL = 'modeling_student.py';
const TOKENISER_CONFIG_FILE = 'tokenizer_config.json';

/** model.onnx, model.safetensors, config.json and the tokeniser's files. `classifier` has the whole vocabulary. */
export async function exportEncoder(
  classifier: Classifier,
  { from, to, labels, reading }: { from: string; to: string; labels: readonly string[]; reading: Reading },
): Promise<void> {
  const { maxLength, prefix } = reading;
  await writeFile(join(to, MODEL_FILE), encodeOnnxModel(inferenceModel(classifier)));
  await writeSafetensors(join(to, WEIGHTS_FILE), [...checkpointTensors(classifier)], { format: 'pt' });
  const {
    id2label: _,
    label2id: __,
    dtype: ___,
    ...original
  } = JSON.parse(await readFile(join(from, 'config.json'), 'utf8'));
  const own: EncoderExport = { tutelage: { max_length: maxLength, pooling: classifier.pooling, prefix } };
  const forTransformers = {
    // The weights', be the encoder's what they may: transformers would round them to those.
    torch_dtype: 'float32',
    architectures: ['Student'],
    auto_map: { AutoModelForSequenceClassification: `${PYTORCH_MODEL.replace(/\.py$/, '')}.Student` },
  };
  await writeStudentConfig(to, 'encoder', labels, { ...original, ...own, ...forTransformers });
  await copyFile(new URL(PYTORCH_MODEL, import.meta.url), join(to, PYTORCH_MODEL));
  await writeTokeniser(from, to, reading);
}

/** The encoder's, with the student's length, to which Python cuts texts then, and its prefix. A tokeniser with a prefix must be
 *  read by the class that takes tokenizer.json as it is: those of the families may make it anew. */
async function writeTokeniser(from: string, to: string, { maxLength, prefix }: Reading): Promise<void> {
  const config = await readTokenizerConfig(from);
  const own = { model_max_length: maxLength, ...(prefix === '' ? {} : { tokenizer_class: 'PreTrainedTokenizerFast' }) };
  await writeFile(join(to, TOKENISER_CONFIG_FILE), `${JSON.stringify({ ...config, ...own }, null, 2)}\n`);
  if (prefix === '') await copyFile(join(from, TOKENISER_FILE), join(to, TOKENISER_FILE));
  else await writeFile(join(to, TOKENISER_FILE), JSON.stringify(withPrefix(await readTokenizer(from), prefix)));
}

/** The parameters as the Hub's checkpoints have them: query, key and value apart, the encoder's under its name. */
function* checkpointTensors({ shape, parameters, values }: Classifier): Generator<NamedTensor> {
  for (const { name, dims, sources } of parameters) {
    const whole = values.get(name)!;
    const size = whole.length / sources.length;
    for (const [index, source] of sources.entries()) {
      yield {
        name: source.startsWith('classifier.') ? source : modelPrefixes[shape.family] + source,
        dims: [dims[0]! / sources.length, ...dims.slice(1)],
        data: whole.subarray(index * size, (index + 1) * size),
      };
    }
  }
}
