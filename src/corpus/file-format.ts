/** Which format a file has, by its extension, and the checks that every input file passes before it is read. */
import { open, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { CorpusError } from './corpus-error.js';

export type FileFormat = 'jsonl' | 'csv' | 'tsv' | 'parquet';

/** An input file that exists and is not empty. */
export interface InputFile {
  path: string;
  /** Setting that names the file, for messages. */
  field: string;
  format: FileFormat;
  bytes: number;
  /** Bytes of the byte order mark that text files may begin with. */
  bomBytes: 0 | 3;
  signal: AbortSignal | undefined;
}

const FORMATS: Record<string, FileFormat> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.parquet': 'parquet',
};
const WORKERS_DISK = "Paths mean the worker's disk";

/** Throws CorpusError on an extension that has no reader and writer. */
export function formatOf(path: string, field: string): FileFormat {
  const extension = extname(path).toLowerCase();
  const format = FORMATS[extension];
  if (format !== undefined) return format;
  throw new CorpusError({
    field,
    path,
    problem: extension === '' ? 'the file name has no extension' : `there is no reader for ${extension} files`,
    mend: `Use one of ${Object.keys(FORMATS).join(', ')}; the format is told by the extension`,
  });
}

/** Throws CorpusError where the file is missing, not a file, empty, unreadable or UTF-16. */
export async function inspectInput(path: string, field: string, signal?: AbortSignal): Promise<InputFile> {
  const format = formatOf(path, field);
  const refuse = (problem: string, mend: string, cause?: unknown) =>
    new CorpusError({ field, path, problem, mend }, cause === undefined ? undefined : { cause });
  try {
    const { size } = await stat(path).then((found) => {
      if (found.isFile()) return found;
      throw refuse('it is not a file', `${WORKERS_DISK}: give one file with rows`);
    });
    if (size === 0) throw refuse('the file is empty', `${WORKERS_DISK}: give a file with at least one row`);
    const head = format === 'parquet' ? Buffer.alloc(0) : await firstBytes(path);
    if (head.length >= 2 && (head.readUInt16BE(0) === 0xfffe || head.readUInt16BE(0) === 0xfeff)) {
      throw refuse('the file is UTF-16', 'Save it as UTF-8');
    }
    const bomBytes = head.length === 3 && head.readUIntBE(0, 3) === 0xefbbbf ? 3 : 0;
    return { path, field, format, bytes: size, bomBytes, signal };
  } catch (error) {
    if (error instanceof CorpusError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw refuse('there is no such file', `${WORKERS_DISK}: put the file there, or give an absolute path`, error);
    }
    throw refuse(
      `the file can't be read (${code ?? 'unknown reason'})`,
      `${WORKERS_DISK}: check its permissions`,
      error,
    );
  }
}

/** Throws CorpusError that names the missing column and those that there are. */
export function requireColumn(
  column: string,
  columns: readonly string[],
  at: { field: string; path: string; mend?: string },
): void {
  if (columns.includes(column)) return;
  const shown = columns.slice(0, 30).join(', ') + (columns.length > 30 ? `, and ${columns.length - 30} more` : '');
  throw new CorpusError({
    field: at.field,
    path: at.path,
    problem: `there is no column "${column}"; the columns are: ${shown}`,
    mend: at.mend ?? 'Name one of them',
  });
}

async function firstBytes(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(3), 0, 3, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
