/** Rows of files that a student is to answer, and the columns that its answers get. */
import { extname } from 'node:path';
import type { AddedColumns, RefusedRow } from '../contracts/index.js';
import { CorpusError } from './corpus-error.js';
import { type FoundFile, findFiles } from './find-files.js';
import { identityOf } from './local-files.js';
import { readColumns, readRows } from './read-rows.js';
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

/** A file's worth of refused rows is not listed. */
const MOST_PROBLEMS = 5;

/** Throws CorpusError on files that can't be found, and where the output is one of them. */
export async function rowsToAnswer(asked: AskedRows): Promise<RowsToAnswer> {
  const template = compileTemplate(asked.template, asked.textColumn);
  const { files } = await findFiles(asked.input, { field: asked.names.input, env: asked.env });
  await keepInput(asked, files);
  return { read: () => new Reading(asked, files, template) };
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

export interface RowsToAnswer {
  /** From the first row on, each time anew. */
  read(): Reading;
}

/** One reading of all rows, and what it has found so far. */
export class Reading {
  /** Rows of any kind. */
  total = 0;
  refused = 0;
  /** The first refused ones. */
  readonly problems: RefusedRow[] = [];
  private readonly columnNames = new Set<string>();

  constructor(
    private readonly asked: AskedRows,
    private readonly files: readonly FoundFile[],
    private readonly template: Template,
  ) {}

  /** Those that can be answered, in their order. Throws CorpusError on a file that can't be used, and the signal's reason. */
  async *rows(): AsyncGenerator<RowToAnswer> {
    const { names, signal } = this.asked;
    for (const { address, name, open } of this.files) {
      const options = { field: names.input, shown: address, signal };
      for (const column of (await readColumns(await open(), options)) ?? []) this.columnNames.add(column);
      for await (const row of readRows(await open(), options)) {
        this.total++;
        const rendered = 'values' in row ? this.template.render(row.values) : row;
        if ('values' in row) for (const column of Object.keys(row.values)) this.columnNames.add(column);
        if ('text' in rendered && 'values' in row) yield { text: rendered.text, values: row.values };
        else if ('problem' in rendered) this.refuse(name, row.line, rendered.problem);
      }
    }
  }

  /** Reads to the end, for what it finds. */
  async finish(): Promise<this> {
    for await (const _ of this.rows());
    return this;
  }

  /** After the last row: every column that any row has, for JSONL rows may differ, and those that the answers get. Throws CorpusError
   *  where the text's column is missing, and where there is no free name for an answer's. */
  columns(): { columns: string[]; added: AddedColumns } {
    const { input, names } = this.asked;
    const columns = [...this.columnNames];
    const missing = this.template.columns.find((column) => !this.columnNames.has(column));
    if (missing === undefined) return { columns, added: nameAdded(columns, this.asked) };
    throw new CorpusError({
      field: names.input,
      path: input,
      problem: `there is no column "${missing}"; the columns are: ${columns.join(', ')}`,
      mend:
        missing === this.asked.textColumn
          ? `Name the column of the texts with ${names.textColumn}`
          : `The task makes its texts of ${this.template.columns.join(', ')}: name the columns so`,
    });
  }

  private refuse(file: string, line: number, problem: string): void {
    this.refused++;
    if (this.problems.length >= MOST_PROBLEMS) return;
    this.problems.push({ ...(this.files.length === 1 ? {} : { file }), line, problem });
  }
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
