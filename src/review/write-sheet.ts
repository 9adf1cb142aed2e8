/** Writes a review file. */
import { extname } from 'node:path';
import type { Label, ReviewRow } from '../contracts/index.js';
import { openRowWriter } from '../corpus/index.js';
import { type Purpose, sheetCells, sheetColumns } from './sheet.js';
import { writeXlsxFile } from './xlsx-file.js';

export interface SheetToWrite {
  /** .xlsx, .csv, .jsonl, or another format of the corpus. */
  readonly path: string;
  readonly purpose: Purpose;
  readonly rows: readonly ReviewRow[];
  readonly labels: readonly Label[];
}

/** Throws CorpusError for an extension that means no format. */
export async function writeSheet({ path, purpose, rows, labels }: SheetToWrite): Promise<void> {
  const columns = sheetColumns(purpose);
  const cells = rows.map((row) => sheetCells(row, purpose));
  if (extname(path).toLowerCase() === '.xlsx') return writeXlsxFile(path, columns, cells, labels);
  const writer = await openRowWriter(path, columns);
  try {
    for (const row of cells) await writer.write(row);
    await writer.finish();
  } finally {
    await writer.abort();
  }
}
