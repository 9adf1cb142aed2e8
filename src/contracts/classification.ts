/** Workflow `classification`: a student's answers for the rows of files, by any number of workers. */
import { z } from 'zod';
import { ArtifactRef, StoreRef } from './artifact.js';

/** Input of the workflow type `classification`: one JSON object, as the Temporal UI and CLI send it. */
export const ClassificationInput = z.strictObject({
  task: z.string().min(1).describe('The task whose student answers.'),
  version: z
    .number()
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('null: the version that is deployed at the start.'),
  input: z
    .string()
    .min(1)
    .describe("Rows: a file, a folder or a glob on the worker's disk, hf://datasets/... or s3://BUCKET/KEY."),
  output: z
    .string()
    .min(1)
    .describe(
      'The same rows with label and score: a file on the disk of the worker that comes to write it, or s3://BUCKET/KEY; .jsonl, .csv, .tsv or .parquet.',
    ),
  textColumn: z.string().min(1).default('text').describe("Column that {text} stands for in the task's template."),
  top: z.number().int().min(1).nullable().default(null).describe('Scores kept in JSONL; null: all.'),
  rowsPerBlock: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(5000)
    .describe('Rows that one worker answers at a time, and that are answered again where it is killed.'),
  store: z
    .string()
    .nullable()
    .default(null)
    .describe("The store that has the student: a folder, file:///FOLDER or s3://BUCKET/PREFIX; null: the worker's."),
});
export type ClassificationInput = z.infer<typeof ClassificationInput>;

/** A row that can't be answered. */
export const RefusedRow = z.object({
  file: z.string().optional().describe("Of several, the name of the row's."),
  line: z.number().int(),
  problem: z.string().describe('Without its text.'),
});
export type RefusedRow = z.infer<typeof RefusedRow>;

/** Columns that a student's answers get beside those of the rows. */
export const AddedColumns = z.object({
  label: z.string(),
  score: z.string(),
  scores: z.string().nullable().describe('All scores as an object; null: the format has no place for objects.'),
});
export type AddedColumns = z.infer<typeof AddedColumns>;

export const SplitInput = z.object({
  input: ClassificationInput,
  workflowId: z.string(),
  runId: z.string().describe("First execution's run id: names the folder."),
});
export type SplitInput = z.infer<typeof SplitInput>;

/** What is to be answered, in blocks that lie in the store. */
export const ClassificationPlan = z.object({
  folder: z.string().describe("classifications/<workflow id>/<first execution's run id>"),
  store: StoreRef,
  task: z.string(),
  version: z.number().int(),
  output: z.string(),
  top: z.number().int().nullable(),
  rows: z.number().int(),
  blocks: z.number().int(),
  manifest: ArtifactRef.describe('The blocks: an array of references.'),
  columns: z.array(z.string()),
  added: AddedColumns,
  refused: z.number().int().describe('Rows that are in no block.'),
  problems: z.array(RefusedRow).describe('The first of them.'),
});
export type ClassificationPlan = z.infer<typeof ClassificationPlan>;

export const BlockInput = z.object({ plan: ClassificationPlan, block: z.number().int().min(0) });
export type BlockInput = z.infer<typeof BlockInput>;

export const ClassifiedBlock = z.object({ rows: z.number().int(), answers: ArtifactRef });
export type ClassifiedBlock = z.infer<typeof ClassifiedBlock>;

export const JoinInput = z.object({ plan: ClassificationPlan });
export type JoinInput = z.infer<typeof JoinInput>;

/** What the workflow carries over to itself. */
export const ClassificationState = z.object({
  plan: ClassificationPlan,
  blocks: z.number().int(),
  rows: z.number().int(),
});
export type ClassificationState = z.infer<typeof ClassificationState>;

/** Answer of the query `classified`. */
export const Classified = z.object({
  rows: z.number().int(),
  total: z.number().int().nullable().describe('null: not counted yet.'),
});
export type Classified = z.infer<typeof Classified>;

/** Result of `classification`, and the object that `tutelage predict --input --json` prints. */
export const ClassificationResult = z.object({
  task: z.string(),
  version: z.number().int(),
  rows: z.number().int().describe('Rows with an answer, all of them in the output.'),
  refused: z.number().int().describe('Rows without one; they are not in the output.'),
  problems: z.array(RefusedRow).describe('The first refused rows.'),
  output: z.string(),
  added: z.array(z.string()).describe('The columns that were added.'),
});
export type ClassificationResult = z.infer<typeof ClassificationResult>;
