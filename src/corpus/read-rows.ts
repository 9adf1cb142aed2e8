/** Rows of any input file, streamed; the format is told by the extension. */
import type { InputPlace } from './file-content.js';
import { inspectInput } from './file-format.js';
import { csvColumns, readCsv } from './read-csv.js';
import { readJsonl } from './read-jsonl.js';
import { parquetColumns, readParquet } from './read-parquet.js';

/** line: 1-based line that the row begins at (JSONL, CSV) or row (Parquet). A row with a problem could not be read. */
export type Row = { line: number; values: Record<string, unknown> } | { line: number; problem: string };

export interface ReadOptions {
  /** Setting that names the file, for messages. */
  field?: string;
  /** Columns that will be looked at; Parquet reads no others. Without: all. */
  columns?: readonly string[];
  /** What messages call the file, and what tells its format; without: its path. */
  shown?: string;
  signal?: AbortSignal | undefined;
}

/** Throws CorpusError where the file as a whole can't be read, and the signal's reason. */
export async function* readRows(place: InputPlace, options: ReadOptions = {}): AsyncGenerator<Row> {
  const file = await inspectInput(place, { ...options, field: options.field ?? 'path' });
  switch (file.format) {
    case 'jsonl':
      yield* readJsonl(file);
      break;
    case 'csv':
    case 'tsv':
      yield* readCsv(file);
      break;
    case 'parquet':
      yield* readParquet(file, options.columns);
  }
}

/** Names of the columns: the header's, the schema's, or the keys of the first readable JSONL row; null where none is
 *  readable. Throws CorpusError like readRows. */
export async function readColumns(place: InputPlace, options: ReadOptions = {}): Promise<string[] | null> {
  const file = await inspectInput(place, { ...options, field: options.field ?? 'path' });
  if (file.format === 'parquet') return parquetColumns(file);
  if (file.format !== 'jsonl') return csvColumns(file);
  for await (const row of readJsonl(file)) if ('values' in row) return Object.keys(row.values);
  return null;
}
