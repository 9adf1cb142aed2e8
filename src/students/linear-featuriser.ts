/** features.json and features.bin of a linear student, and the inputs that they make of texts. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { blockInputs } from './linear-graph.js';
import { type NgramBlock, NgramCounter, normalise } from './ngrams.js';
import type { Featuriser, ModelInputs, ModelRun } from './student.js';
import { StudentFolderError } from './student-errors.js';
import { readFolderJson, readStudentConfig } from './student-folder.js';
import { placesOf } from './vocabulary.js';

/** Names of the algorithms: a file from a version with others is refused, not misread. */
const ALGORITHMS = {
  normalisation: 'NFKC, lower case',
  words: 'two or more of [\\p{L}\\p{M}\\p{N}_]',
  characters: 'of " run " for each run between white space',
  hash: 'MurmurHash3_x86_32, seed 0, of UTF-32LE; bucket = hash mod buckets',
} as const;

const LinearFeatures = z.strictObject({
  format: z.literal(1),
  normalisation: z.literal(ALGORITHMS.normalisation),
  words: z.literal(ALGORITHMS.words),
  characters: z.literal(ALGORITHMS.characters),
  hash: z.literal(ALGORITHMS.hash),
  blocks: z.array(
    z.strictObject({
      unit: z.enum(['word', 'char']),
      lengths: z.tuple([z.number().int().min(1), z.number().int().min(1)]),
      buckets: z.number().int().min(1),
      known: z
        .number()
        .int()
        .min(0)
        .describe(
          "Known buckets, listed in features.bin (uint32, little-endian, ascending) after the earlier blocks'.",
        ),
    }),
  ),
});

type KnownBuckets = { readonly block: NgramBlock; readonly known: Uint32Array };

/** Numbers that the gathered weights of one run may take, texts × entries × labels; a single text may take more. */
const GATHERED_AT_MOST = 2 ** 20;

export async function writeLinearFeatures(folder: string, vocabularies: readonly KnownBuckets[]): Promise<void> {
  const features: z.infer<typeof LinearFeatures> = {
    format: 1,
    ...ALGORITHMS,
    blocks: vocabularies.map(({ block, known }) => ({
      unit: block.unit,
      lengths: [...block.lengths],
      buckets: block.buckets,
      known: known.length,
    })),
  };
  await writeFile(join(folder, 'features.json'), `${JSON.stringify(features, null, 2)}\n`);
  await writeFile(
    join(folder, 'features.bin'),
    Buffer.concat(vocabularies.map(({ known }) => new Uint8Array(known.buffer, known.byteOffset, known.byteLength))),
  );
}

/** Throws StudentFolderError. */
export async function openLinearFeaturiser(folder: string): Promise<Featuriser> {
  const { blocks } = await readFolderJson(folder, 'features.json', LinearFeatures);
  const { labels } = await readStudentConfig(folder);
  const bytes = await readFile(join(folder, 'features.bin'));
  const expected = 4 * blocks.reduce((sum, { known }) => sum + known, 0);
  if (bytes.length !== expected) {
    throw new StudentFolderError(folder, `features.bin has ${bytes.length} bytes, features.json tells ${expected}`);
  }
  const all = new Uint32Array(Uint8Array.from(bytes).buffer);
  let start = 0;
  const encoders = blocks.map(({ known, ...block }) => {
    start += known;
    return new BlockEncoder({ block, known: all.subarray(start - known, start) });
  });
  return new LinearFeaturiser(encoders, labels.length);
}

class LinearFeaturiser implements Featuriser {
  constructor(
    private readonly encoders: readonly BlockEncoder[],
    private readonly labels: number,
  ) {}

  featurise(texts: readonly string[]): ModelRun[] {
    const runs: ModelRun[] = [];
    let group: TextEntries[] = [];
    let [longest, answered] = [1, 0];
    for (const text of texts) {
      const normalised = normalise(text);
      const entries = this.encoders.map((encoder) => encoder.encode(normalised));
      const length = Math.max(...entries.map(({ indices }) => indices.length));
      if (group.length > 0 && (group.length + 1) * Math.max(longest, length) * this.labels > GATHERED_AT_MOST) {
        runs.push(this.run(group, answered));
        answered += group.length;
        group = [];
        longest = 1;
      }
      group.push(entries);
      longest = Math.max(longest, length);
    }
    if (group.length > 0) runs.push(this.run(group, answered));
    return runs;
  }

  private run(group: readonly TextEntries[], firstRow: number): ModelRun {
    return { rows: group.map((_, index) => firstRow + index), inputs: this.pad(group) };
  }

  private pad(group: readonly TextEntries[]): ModelInputs {
    const inputs: Record<string, ModelInputs[string]> = {};
    for (const [b, encoder] of this.encoders.entries()) {
      const width = Math.max(1, ...group.map((entries) => entries[b]!.indices.length));
      const dims = [group.length, width];
      const indices = new Int32Array(group.length * width);
      const counts = new Float32Array(group.length * width);
      for (const [row, entries] of group.entries()) {
        indices.set(entries[b]!.indices, row * width);
        counts.set(entries[b]!.counts, row * width);
      }
      const names = blockInputs(encoder.name);
      inputs[names.indices] = { type: 'int32', dims, data: indices };
      inputs[names.counts] = { type: 'float32', dims, data: counts };
    }
    return inputs;
  }
}

/** One text's known n-grams, by block: places in the model's tensors, and how often each occurs. */
type TextEntries = readonly { readonly indices: Int32Array; readonly counts: Float32Array }[];

class BlockEncoder {
  readonly name: string;
  private readonly counter: NgramCounter;
  private readonly places: Int32Array;

  constructor(vocabulary: KnownBuckets) {
    this.name = vocabulary.block.unit;
    this.counter = new NgramCounter(vocabulary.block);
    this.places = placesOf(vocabulary);
  }

  encode(normalised: string): TextEntries[number] {
    const counted = this.counter.count(normalised);
    const indices = new Int32Array(counted.buckets.length);
    const counts = new Float32Array(counted.buckets.length);
    let size = 0;
    for (let i = 0; i < counted.buckets.length; i++) {
      const place = this.places[counted.buckets[i]!]!;
      if (place === 0) continue;
      indices[size] = place;
      counts[size++] = counted.counts[i]!;
    }
    return { indices: indices.subarray(0, size), counts: counts.subarray(0, size) };
  }
}
