/** The training examples of an encoder, tokenised once for all epochs. */
import type { EncoderSettings, FrozenSettings } from '../../contracts/index.js';
import type { TrainingJob } from '../student.js';
import { likeliest, readExamples } from '../training-examples.js';
import type { Tokeniser } from './tokeniser.js';

export interface EncodedTexts {
  /** Rows of the compact word table, text by text. */
  readonly ids: number[][];
  /** Probabilities of each text's labels. */
  readonly targets: number[][];
}

export interface EncodedExamples {
  readonly fitting: EncodedTexts;
  readonly validation: EncodedTexts & { readonly texts: string[] };
  /** The vocabulary's number of each row of the compact word table: only tokens that the examples have. */
  readonly vocabulary: readonly number[];
  /** Examples that had more tokens than maxLength. */
  readonly cut: number;
}

/** Throws ExampleError. */
export async function encodeExamples(
  job: TrainingJob<EncoderSettings | FrozenSettings>,
  tokeniser: Tokeniser,
): Promise<EncodedExamples> {
  const fitting: EncodedTexts = { ids: [], targets: [] };
  const validation = { ids: [] as number[][], targets: [] as number[][], texts: [] as string[] };
  const rows = new Map<number, number>();
  let cut = 0;
  for await (const example of readExamples(job)) {
    const tokens = tokeniser.encode(example.text);
    if (tokens.cut) cut++;
    if (example.validation) validation.texts.push(example.text);
    const part = example.validation ? validation : fitting;
    part.ids.push(tokens.ids.map((id) => rowOf(rows, id)));
    part.targets.push(job.settings.targets === 'soft' ? example.target : hardened(example.target));
  }
  return { fitting, validation, vocabulary: [...rows.keys()], cut };
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
