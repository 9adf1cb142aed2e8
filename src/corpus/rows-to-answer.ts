/** Rows of files that a student is to answer, and the columns that its answers get. */
import { extname } from 'node:path';
import type { AddedColumns, RefusedRow } from '../contracts/index.js';
import { CorpusError } from './corpus-error.js';
import { type FoundFile, findFiles } from './find-files.js';
import { identityOf } from './local-files.js';
import { type Row, readColumns, readRows } from './read-rows.js';
import { compileTemplate, type Template } from './template.js';

export interface AskedRows {
  /** As a corpus: a file, a folder, a glob, hf://datasets/... or s3://... */
  readonly input: string;
  /** A file, or s3://BUCKET/KEY. */
  readonly output: string;
  /** For the servers that the files lie on. */
  readonly env: NodeJS.ProcessEnv;
  readonly template: string;
  readonly textColumn: string;
  readonly signal: AbortSignal;
  /** What users call the settings, for messages. */
  readonly names: { readonly input: string; readonly output: string; readonly textColumn: string };
}

export interface RowToAnswer {
  readonly text: string;
  readonly values: Record<string, unknown>;
}

export interface RowsToAnswer {
  /** Every column that any row has: JSONL rows may differ. */
  readonly columns: readonly string[];
  readonly total: number;
  readonly added: AddedColumns;
  /** All rows in their order, read anew. Throws CorpusError, and the signal's reason. */
  rows(): AsyncGenerator<RowToAnswer | RefusedRow>;
}

/** Reads the input once, for its columns. Throws CorpusError on a file that can't be used, and the signal's reason. */
export async function rowsToAnswer(asked: AskedRows): Promise<RowsToAnswer> {
  const template = compileTemplate(asked.template, asked.textColumn);
  const { files } = await findFiles(asked.input, { field: asked.names.input, env: asked.env });
  await keepInput(asked, files);
  const { columns, total } = await inspect(asked, files, template);
  return { columns, total, added: nameAdded(columns, asked), rows: () => answerable(asked, files, template) };
}

/** Throws CorpusError where the output would take the place of an input. */
async function keepInput({ names, output }: AskedRows, files: readonly FoundFile[]): Promise<void> {
  const place = await identityOf(output);
  for (const { address } of files) {
    if (address !== output && (await identityOf(address)) !== place) continue;
    const problem = 'it is a file of the input, which would be overwritten';
    throw new CorpusError({ field: names.output, path: output, problem, mend: 'Name another file' });
  }
}

async function* answerable(
  asked: AskedRows,
  files: readonly FoundFile[],
  template: Template,
): AsyncGenerator<RowToAnswer | RefusedRow> {
  for await (const { name, row } of rowsOf(asked, files)) {
    const rendered = 'values' in row ? template.render(row.values) : row;
    if ('text' in rendered && 'values' in row) yield { text: rendered.text, values: row.values };
    else if ('problem' in rendered) {
      yield { ...(files.length === 1 ? {} : { file: name }), line: row.line, problem: rendered.problem };
    }
  }
}

/** Of all files, one after another. */
async function* rowsOf(
  { names, signal }: AskedRows,
  files: readonly FoundFile[],
): AsyncGenerator<{ name: string; row: Row }> {
  for (const { address, name, open } of files) {
    for await (const row of readRows(await open(), { field: names.input, shown: address, signal })) yield { name, row };
  }
}

async function inspect(
  asked: AskedRows,
  files: readonly FoundFile[],
  template: Template,
): Promise<{ columns: string[]; total: number }> {
  const { input, names, signal } = asked;
  const columns = new Set<string>();
  for (const { address, open } of files) {
    const found = await readColumns(await open(), { field: names.input, shown: address, signal });
    for (const column of found ?? []) columns.add(column);
  }
  let total = 0;
  for await (const { row } of rowsOf(asked, files)) {
    total++;
    if ('values' in row) for (const column of Object.keys(row.values)) columns.add(column);
  }
  const missing = template.columns.find((column) => !columns.has(column));
  if (missing === undefined) return { columns: [...columns], total };
  throw new CorpusError({
    field: names.input,
    path: input,
    problem: `there is no column "${missing}"; the columns are: ${[...columns].join(', ')}`,
    mend:
      missing === asked.textColumn
        ? `Name the column of the texts with ${names.textColumn}`
        : `The task makes its texts of ${template.columns.join(', ')}: name the columns so`,
  });
}

/** Columns of the input are never overwritten: a label that is there already may be an expert's. */
function nameAdded(columns: readonly string[], { input, names, output }: AskedRows): AddedColumns {
  const objects = ['.jsonl', '.ndjson'].includes(extname(output).toLowerCase());
  for (const prefix of ['', 'predicted_']) {
    const added = { label: `${prefix}label`, score: `${prefix}score`, scores: objects ? `${prefix}scores` : null };
    if (!Object.values(added).some((name) => name !== null && columns.includes(name))) return added;
  }
  throw new CorpusError({
    field: names.input,
    path: input,
    problem:
      'it has columns both of the names label, score, scores and of predicted_label, predicted_score, predicted_scores',
    mend: 'Rename them, so that no column has to be overwritten',
  });
}
