/** Rows of a Parquet file, one row group in memory at a time. */
import { isUtf8 } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { CorpusError } from './corpus-error.js';
import type { InputFile } from './file-format.js';
import type { Row } from './read-rows.js';

/** Stands for a string that is not valid UTF-8; the library would put replacement characters there. */
const UNDECODABLE = Symbol('not valid UTF-8');
const parsers = { stringFromBytes: decodeString };

/** Throws CorpusError on a file that is not Parquet or damaged. columns: those to read, of those that there are; all
 *  without. A line is a 1-based row. */
export async function* readParquet(file: InputFile, columns?: readonly string[]): AsyncGenerator<Row> {
  const handle = await open(file.path, 'r');
  try {
    const buffer = asyncBuffer(handle, file.bytes);
    const metadata = await readMetadata(file, buffer);
    const wanted = columns === undefined ? undefined : columnsIn(metadata).filter((name) => columns.includes(name));
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      file.signal?.throwIfAborted();
      const rowEnd = rowStart + Number(group.num_rows);
      const rows = await parquetReadObjects({
        file: buffer,
        metadata,
        ...(wanted === undefined ? {} : { columns: wanted }),
        rowStart,
        rowEnd,
        compressors,
        parsers,
      }).catch((error: unknown) => {
        throw unreadable(file, `its rows from ${rowStart + 1} on can't be read`, error);
      });
      for (const [index, values] of rows.entries()) yield toRow(rowStart + index + 1, values);
      rowStart = rowEnd;
    }
  } finally {
    await handle.close();
  }
}

/** Throws CorpusError on a file that is not Parquet. */
export async function parquetColumns(file: InputFile): Promise<string[]> {
  const handle = await open(file.path, 'r');
  try {
    return columnsIn(await readMetadata(file, asyncBuffer(handle, file.bytes)));
  } finally {
    await handle.close();
  }
}

async function readMetadata(file: InputFile, buffer: AsyncBuffer): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(buffer, { parsers });
  } catch (error) {
    throw unreadable(file, 'it is not a Parquet file, or is cut off', error);
  }
}

function columnsIn(metadata: FileMetaData): string[] {
  return parquetSchema(metadata).children.map((child) => child.element.name);
}

function unreadable(file: InputFile, problem: string, cause: unknown): CorpusError {
  const mend = 'Write the file anew, or use JSONL';
  return new CorpusError({ field: file.field, path: file.shown, problem, mend }, { cause });
}

function asyncBuffer(handle: FileHandle, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const bytes = Buffer.from(new ArrayBuffer(end - start));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) throw new RangeError(`the file ends before byte ${end}`);
        filled += bytesRead;
      }
      return bytes.buffer as ArrayBuffer;
    },
  };
}

function toRow(line: number, values: Record<string, unknown>): Row {
  for (const [column, value] of Object.entries(values)) {
    if (value === UNDECODABLE) return { line, problem: `its column "${column}" is not valid UTF-8` };
    if (typeof value === 'bigint') values[column] = Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  return { line, values };
}

function decodeString(bytes: Uint8Array | undefined): string | symbol | undefined {
  if (bytes === undefined || bytes === null) return undefined;
  return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8') : UNDECODABLE;
}
