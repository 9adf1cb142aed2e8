/** Texts on their way from the user's files to chunks. */
import { z } from 'zod';
import { ArtifactRef } from './artifact.js';

export const CorpusInput = z.strictObject({
  path: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe(
      "One or several of: a file (JSONL, CSV, TSV, Parquet, by extension; .gz), a folder, a glob, on the worker's disk; or hf://datasets/OWNER/NAME[@REVISION]/FILES; or s3://BUCKET/KEY, where KEY may be a folder or a glob.",
    ),
  textColumn: z.string().min(1).default('text').describe("Column that {text} stands for in the task's template."),
  idColumn: z.string().min(1).default('id').describe('Column of ids; where it is missing, ids are content hashes.'),
  labelColumn: z
    .string()
    .min(1)
    .nullable()
    .default('label')
    .describe("Column of experts' labels, if the file has it; null: ignore it."),
  badRows: z
    .enum(['refuse', 'skip'])
    .default('refuse')
    .describe('Empty, non-string, undecodable or over-long rows: end the run, or leave them out. Both list them.'),
  maxTextLength: z.number().int().min(1).max(1_000_000).default(20_000).describe('Longest text, in UTF-16 code units.'),
  sample: z
    .strictObject({
      size: z
        .number()
        .int()
        .min(1)
        .describe('How many texts to label; the rest is left for the student. Gold texts come on top.'),
      stratifyBy: z
        .string()
        .min(1)
        .nullable()
        .default(null)
        .describe('Column whose values keep their shares in the sample; null: a simple random sample.'),
    })
    .nullable()
    .default(null),
});
export type CorpusInput = z.infer<typeof CorpusInput>;

export const GoldInput = CorpusInput.pick({
  path: true,
  textColumn: true,
  idColumn: true,
  badRows: true,
  maxTextLength: true,
}).extend({
  labelColumn: z.string().min(1).default('label').describe("Column of experts' labels."),
});
export type GoldInput = z.infer<typeof GoldInput>;

export const ExamplesInput = CorpusInput.pick({ path: true, textColumn: true }).extend({
  labelColumn: z.string().min(1).default('label').describe('Column of their labels.'),
  reasonColumn: z
    .string()
    .min(1)
    .default('reason')
    .describe('Column of why, shown in reasoned prompts; the file may lack it.'),
  count: z
    .number()
    .int()
    .min(1)
    .max(200)
    .default(20)
    .describe('How many of them the prompts show, of each label alike, the first of the file.'),
});
export type ExamplesInput = z.infer<typeof ExamplesInput>;

/** One line of a chunk file: a different text, labelled once however many rows carry it. */
export const TextRow = z.object({
  key: z.string().describe('SHA-256 of the rendered text, hex. Chunks are sorted by it, so they are in random order.'),
  id: z.string(),
  text: z.string().describe("The task's template, rendered."),
  asked: z
    .string()
    .nullable()
    .default(null)
    .describe('What the teacher sees instead, where task.redact replaced something; null: the text itself.'),
  part: z
    .number()
    .int()
    .optional()
    .describe("File of its first row: index among the manifest's files of its input; absent: the first."),
  line: z.number().int().describe('1-based line (JSONL, CSV) or row (Parquet) of its first row.'),
  copies: z.number().int().min(1).describe('Rows of the corpus that carry this text.'),
  gold: z.string().nullable().describe("Experts' label, or null. A text with one is never trained on."),
  gateGold: z.boolean().describe('Its gold label is for the labels gate and does not evaluate.'),
});
export type TextRow = z.infer<typeof TextRow>;

/** Which counts a chunk goes to: the corpus, or texts that stand only among gold rows. */
export const ChunkSet = z.enum(['corpus', 'gold']);
export type ChunkSet = z.infer<typeof ChunkSet>;

export const ChunkEntry = z.object({
  name: z.string().describe("Name of the chunk in the run's folder: corpus-00000."),
  set: ChunkSet,
  file: ArtifactRef,
  texts: z.number().int(),
  characters: z.number().int().describe('UTF-16 code units of all its texts.'),
  firstKey: z.string(),
  lastKey: z.string(),
  reuse: z
    .array(z.string())
    .describe('Folders of earlier chunks, of any run, whose keys overlap: their replies need not be paid for again.'),
});
export type ChunkEntry = z.infer<typeof ChunkEntry>;

export const CorpusCounts = z.object({
  rows: z.number().int().describe('Rows read from the corpus.'),
  texts: z.number().int().describe('Different texts of the corpus that will be labelled.'),
  duplicates: z.number().int().describe('Rows whose text stood in an earlier row.'),
  refused: z.number().int().describe('Rows of corpus and gold file that could not be used.'),
  rest: z.number().int().describe('Different texts left for the student by the sample.'),
  goldRows: z.number().int().describe('Different texts with an expert label.'),
  goldInCorpus: z
    .number()
    .int()
    .describe('Texts that stand both in the corpus and among the gold rows; they are not trained on.'),
  goldConflicts: z
    .number()
    .int()
    .describe('Gold texts whose rows carry different labels; neither measured nor trained on.'),
  redacted: z.number().int().default(0).describe('Texts to label of which the teacher sees placeholders.'),
});
export type CorpusCounts = z.infer<typeof CorpusCounts>;

/** A file that rows were read from. */
export const InputFileEntry = z.object({
  input: z.enum(['corpus', 'gold']),
  address: z.string().describe("Path on the worker's disk, hf:// with the commit, or s3://."),
  version: z.string().optional().describe('Etag of what was read from s3://.'),
  rows: z.number().int().describe('Rows read from it, refused ones included.'),
});
export type InputFileEntry = z.infer<typeof InputFileEntry>;

export const Manifest = z.object({
  corpusHash: z
    .string()
    .describe('SHA-256 over the sorted keys and gold labels: what was labelled, however the file was ordered.'),
  counts: CorpusCounts,
  chunks: z.array(ChunkEntry),
  files: z.array(InputFileEntry).default([]).describe('In the order of reading, the corpus first.'),
  passedOver: z
    .number()
    .int()
    .default(0)
    .describe('Files in the given folders that are not data files: hidden, or of an extension without a reader.'),
  rows: ArtifactRef.describe('JSONL of {part, line, id, key}: every usable row of the corpus in its order.'),
  refused: ArtifactRef.nullable().describe('JSONL of {file, part, path, line, id, problem}; part: as in TextRow.'),
  rest: ArtifactRef.nullable().describe('JSONL of the texts left for the student.'),
  redactions: ArtifactRef.nullable()
    .default(null)
    .describe(
      'JSONL of {key, spans: [{placeholder, value}]}: what the placeholders stand for. It never leaves the store.',
    ),
});
export type Manifest = z.infer<typeof Manifest>;
