/** JSONL and CSV output. */
import { stringify } from 'csv-stringify/sync';
import { BlockWriter } from './record-file.js';
import type { RowSink } from './write-rows.js';

/** Rows that are turned into CSV at once: the library sets itself up anew for each call. */
const CSV_BATCH = 500;

export async function createJsonlSink(path: string, columns: readonly string[]): Promise<RowSink> {
  const writer = await BlockWriter.open(path);
  return {
    write(row) {
      const values = Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
      return writer.write(`${JSON.stringify(values)}\n`);
    },
    end: () => flushAndClose(writer),
    close: () => writer.close(),
  };
}

/** null becomes an empty cell, objects their JSON. Cells that begin with = + - or @ keep that character, for they are data, but
 *  stand in quotes; a spreadsheet may still take them for formulas. Lines end in LF. */
export async function createCsvSink(path: string, columns: readonly string[], delimiter: string): Promise<RowSink> {
  const writer = await BlockWriter.open(path);
  let batch: string[][] = [[...columns]];
  const flushBatch = async () => {
    const rows = batch;
    batch = [];
    await writer.write(stringify(rows, { delimiter, quoted_match: /^[=+\-@]/ }));
  };
  return {
    async write(row) {
      batch.push(columns.map((column) => cellText(row[column])));
      if (batch.length >= CSV_BATCH) await flushBatch();
    },
    async end() {
      await flushBatch();
      await flushAndClose(writer);
    },
    close: () => writer.close(),
  };
}

/** A value as one cell; null and undefined are empty. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

async function flushAndClose(writer: BlockWriter): Promise<void> {
  await writer.flush();
  await writer.close();
}
