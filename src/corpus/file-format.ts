/** Which format a file has, by its extension, and the checks that every input file passes before it is read. */
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { CorpusError } from './corpus-error.js';
import { type FileContent, type InputPlace, localContent } from './file-content.js';

export type FileFormat = 'jsonl' | 'csv' | 'tsv' | 'parquet';

/** An input file that exists and is not empty. */
export interface InputFile {
  content: FileContent;
  /** What messages call it: the path, or its address elsewhere. */
  shown: string;
  /** Setting that names the file, for messages. */
  field: string;
  format: FileFormat;
  gzip: boolean;
  signal: AbortSignal | undefined;
}

const FORMATS: Record<string, FileFormat> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.parquet': 'parquet',
};
const GZIP = '.gz';
const WHOSE_DISK = 'Paths mean the disk of the worker or command that reads them';

/** Throws CorpusError on an extension that has no writer. */
export function formatOf(path: string, field: string): FileFormat {
  const told = toldFormat(path);
  if (told !== null && !told.gzip) return told.format;
  throw noFormat(path, field, Object.keys(FORMATS), 'writer');
}

/** Whether there is a reader for files of this name. */
export function isReadable(path: string): boolean {
  return toldFormat(path) !== null;
}

/** The format that a file name tells; text formats may be compressed (.csv.gz). null: it has no reader. */
function toldFormat(path: string): { format: FileFormat; gzip: boolean } | null {
  const gzip = extname(path).toLowerCase() === GZIP;
  const format = FORMATS[extname(gzip ? path.slice(0, -GZIP.length) : path).toLowerCase()];
  return format === undefined || (gzip && format === 'parquet') ? null : { format, gzip };
}

function noFormat(path: string, field: string, extensions: readonly string[], what: 'reader' | 'writer'): CorpusError {
  const extension = extname(path).toLowerCase();
  return new CorpusError({
    field,
    path,
    problem: extension === '' ? 'the file name has no extension' : `there is no ${what} for ${extension} files`,
    mend: `Use one of ${extensions.join(', ')}; the format is told by the extension`,
  });
}

/** shown: what messages call the file; needed where it is no path. Throws CorpusError where it is missing, not a file, empty, or
 *  unreadable. */
export async function inspectInput(
  place: InputPlace,
  { field, shown = String(place), signal }: { field: string; shown?: string; signal?: AbortSignal | undefined },
): Promise<InputFile> {
  const told = toldFormat(shown);
  const compressed = ['.jsonl.gz', '.csv.gz', '.tsv.gz'];
  if (told === null) throw noFormat(shown, field, [...Object.keys(FORMATS), ...compressed], 'reader');
  const refuse = (problem: string, mend: string, cause?: unknown) =>
    new CorpusError({ field, path: shown, problem, mend }, cause === undefined ? undefined : { cause });
  try {
    const content = typeof place === 'string' ? await onDisk(place, refuse) : place;
    if (content.bytes === 0) throw refuse('the file is empty', 'Give a file with at least one row');
    return { content, shown, field, ...told, signal };
  } catch (error) {
    if (error instanceof CorpusError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw refuse('there is no such file', `${WHOSE_DISK}: put the file there, or give an absolute path`, error);
    }
    throw refuse(`the file can't be read (${code ?? 'unknown reason'})`, `${WHOSE_DISK}: check its permissions`, error);
  }
}

async function onDisk(path: string, refuse: (problem: string, mend: string) => CorpusError): Promise<FileContent> {
  const found = await stat(path);
  if (!found.isFile()) throw refuse('it is not a file', `${WHOSE_DISK}: give one file with rows`);
  return localContent(path, found.size);
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
