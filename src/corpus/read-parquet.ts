/** Rows of a Parquet file, one row group in memory at a time. */
import { isUtf8 } from 'node:buffer';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { S3Error } from '../store/index.js';
import { CorpusError } from './corpus-error.js';
import type { InputFile } from './file-format.js';
import type { Row } from './read-rows.js';

/** Stands for a string that is not valid UTF-8; the library would put replacement characters there. */
const UNDECODABLE = Symbol('not valid UTF-8');
const parsers = { stringFromBytes: decodeString };

/** Throws CorpusError on a file that is not Parquet or damaged. columns: those to read, of those that there are; all
 *  without. A line is a 1-based row. */
export async function* readParquet(file: InputFile, columns?: readonly string[]): AsyncGenerator<Row> {
  const buffer = asyncBuffer(file);
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
}

/** Throws CorpusError on a file that is not Parquet. */
export async function parquetColumns(file: InputFile): Promise<string[]> {
  return columnsIn(await readMetadata(file, asyncBuffer(file)));
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

/** What the place of the file says of it comes first. */
function unreadable(file: InputFile, problem: string, cause: unknown): unknown {
  if (cause instanceof CorpusError || cause instanceof S3Error) return cause;
  const mend = 'Write the file anew, or use JSONL';
  return new CorpusError({ field: file.field, path: file.shown, problem, mend }, { cause });
}

function asyncBuffer({ content }: InputFile): AsyncBuffer {
  return {
    byteLength: content.bytes,
    slice: (start, end = content.bytes) => content.range(start, end),
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
