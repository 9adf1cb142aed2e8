/** Writes a review file. */
import { extname } from 'node:path';
import { openRowWriter } from '../corpus/index.js';
import { type Handout, sheetCells, sheetColumns } from './sheet.js';
import { writeXlsxFile } from './xlsx-file.js';

/** .xlsx, .csv, .jsonl, or another format of the corpus. Throws CorpusError for an extension that means none. */
export async function writeSheet(path: string, { labels, purpose, rows }: Handout): Promise<void> {
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
