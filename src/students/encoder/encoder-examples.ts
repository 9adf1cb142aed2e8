/** The training examples of an encoder, tokenised once for all epochs. */
import type { EncoderSettings, FrozenSettings } from '../../contracts/index.js';
import type { TrainingJob } from '../student.js';
import { EncoderError } from '../student-errors.js';
import { likeliest, readExamples } from '../training-examples.js';
import { type EncoderShape, longestText, readEncoderShape } from './encoder-shape.js';
import { locateEncoder } from './locate-encoder.js';
import { readPrefix, refuseUnpooledPrefix } from './sentence-transformers.js';
import { openTokeniser, type Tokeniser } from './tokeniser.js';

export interface EncodedTexts {
  /** Rows of the compact word table, text by text. */
  readonly ids: number[][];
  /** Probabilities of each text's labels. */
  readonly targets: number[][];
  /** How much each text counts in the loss, next to the others. */
  readonly weights: number[];
}

export interface EncodedExamples {
  readonly fitting: EncodedTexts;
  readonly validation: EncodedTexts & { readonly texts: string[] };
  /** The vocabulary's number of each row of the compact word table: only tokens that the examples have. */
  readonly vocabulary: readonly number[];
  /** Examples that had more tokens than maxLength. */
  readonly cut: number;
  /** Of all texts, after cutting. */
  readonly tokens: number;
  /** Of the longest text, after cutting. */
  readonly longest: number;
}

/** What a training works on. */
export interface PreparedExamples<Settings extends EncoderSettings | FrozenSettings> {
  readonly job: TrainingJob<Settings>;
  /** The encoder's local folder. */
  readonly encoderFolder: string;
  readonly shape: EncoderShape;
  readonly reading: Reading;
  readonly examples: EncodedExamples;
}

/** Throws EncoderError, ExampleError and HubError. */
export async function prepareExamples<Settings extends EncoderSettings | FrozenSettings>(
  job: TrainingJob<Settings>,
): Promise<PreparedExamples<Settings>> {
  const encoderFolder = await locateEncoder(job.settings);
  const shape = await readEncoderShape(encoderFolder);
  const reading = await openReading(encoderFolder, shape, job.settings);
  return { job, encoderFolder, shape, reading, examples: await encodeExamples(job, reading.tokeniser) };
}

/** How a student reads texts. */
export interface Reading {
  readonly tokeniser: Tokeniser;
  /** Tokens of a text, at most as many as the encoder has positions for. */
  readonly maxLength: number;
  /** Stands before each text. */
  readonly prefix: string;
}

/** Of the student that the settings and the encoder make. Throws EncoderError. */
async function openReading(
  folder: string,
  shape: EncoderShape,
  settings: Pick<EncoderSettings, 'maxLength' | 'prefix'>,
): Promise<Reading> {
  const maxLength = Math.min(settings.maxLength, longestText(shape));
  const prefix = settings.prefix ?? (await readPrefix(folder));
  await refuseUnpooledPrefix(folder, prefix);
  const tokeniser = await openTokeniser(folder, maxLength, prefix).catch((error: Error) => {
    throw new EncoderError(folder, `tokenizer.json can't be used (${error.message})`, { cause: error });
  });
  if (!tokeniser.addsTokens) {
    throw new EncoderError(
      folder,
      'tokenizer.json adds no special tokens ([CLS], <s>), which its encoder was trained with',
    );
  }
  return { tokeniser, maxLength, prefix };
}

/** Throws ExampleError. */
async function encodeExamples(
  job: TrainingJob<EncoderSettings | FrozenSettings>,
  tokeniser: Tokeniser,
): Promise<EncodedExamples> {
  const fitting: EncodedTexts = { ids: [], targets: [], weights: [] };
  const validation = {
    ids: [] as number[][],
    targets: [] as number[][],
    weights: [] as number[],
    texts: [] as string[],
  };
  const rows = new Map<number, number>();
  let [cut, tokens, longest] = [0, 0, 0];
  for await (const example of readExamples(job)) {
    const encoded = tokeniser.encode(example.text);
    if (encoded.cut) cut++;
    tokens += encoded.ids.length;
    longest = Math.max(longest, encoded.ids.length);
    if (example.validation) validation.texts.push(example.text);
    const part = example.validation ? validation : fitting;
    part.ids.push(encoded.ids.map((id) => rowOf(rows, id)));
    part.weights.push(example.weight ?? 1);
    part.targets.push(job.settings.targets === 'soft' ? example.target : hardened(example.target));
  }
  return { fitting, validation, vocabulary: [...rows.keys()], cut, tokens, longest };
}

function rowOf(rows: Map<number, number>, id: number): number {
  const known = rows.get(id);
  if (known !== undefined) return known;
  rows.set(id, rows.size);
  return rows.size - 1;
}

function hardened(target: readonly number[]): number[] {
  const label = likeliest(target);
  return target.map((_, index) => (index === label ? 1 : 0));
}
