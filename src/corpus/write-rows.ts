/** Rows to a local file; the format is told by the extension. */
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { formatOf } from './file-format.js';
import { createParquetSink } from './parquet-sink.js';
import { createCsvSink, createJsonlSink } from './text-sinks.js';

export interface RowWriter {
  /** Columns that the row lacks are null; others than the writer's are left out. */
  write(row: Record<string, unknown>): Promise<void>;
  /** Makes the file appear, whole, replacing what was there. */
  finish(): Promise<void>;
  /** Throws away what was written. Does nothing after finish. */
  abort(): Promise<void>;
}

/** What writes one format to an already named file. */
export interface RowSink {
  write(row: Record<string, unknown>): Promise<void>;
  /** Writes what is held back, and closes the file. */
  end(): Promise<void>;
  /** Closes the file as it is. */
  close(): Promise<void>;
}

/** Opens a writer of .jsonl, .ndjson, .csv, .tsv or .parquet. Throws CorpusError on another extension. field: setting that names
 *  the file, for messages. */
export async function openRowWriter(path: string, columns: readonly string[], field = 'output'): Promise<RowWriter> {
  const format = formatOf(path, field);
  const partial = `${path}.${randomUUID()}.partial`;
  const sink =
    format === 'parquet'
      ? createParquetSink(partial, columns)
      : format === 'jsonl'
        ? await createJsonlSink(partial, columns)
        : await createCsvSink(partial, columns, format === 'csv' ? ',' : '\t');
  let finished = false;
  return {
    write: (row) => sink.write(row),
    async finish() {
      await sink.end();
      await syncToDisk(partial);
      await rename(partial, path);
      finished = true;
    },
    async abort() {
      if (finished) return;
      await sink.close();
      await rm(partial, { force: true });
    },
  };
}

/** Without it a power cut after the rename could leave the name on an empty file. */
async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
