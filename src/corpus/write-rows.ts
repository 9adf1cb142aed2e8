/** Rows to a file, here or on an S3 server; the format is told by the extension. */
import { randomUUID } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CorpusError } from './corpus-error.js';
import { formatOf } from './file-format.js';
import { isS3Path, s3Upload } from './s3-files.js';
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

export interface RowWriterOptions {
  /** Setting that names the file, for messages. */
  readonly field?: string;
  /** For the server of an s3:// address. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Said of a folder that is not there, or that is none of the user's. */
const CANT_WRITE: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS']);

/** Where a file is going to appear. */
interface Target {
  /** The local file that it is until then. */
  readonly partial: string;
  publish(): Promise<void>;
}

/** Opens a writer of .jsonl, .ndjson, .csv, .tsv or .parquet. path: of a local file, or s3://BUCKET/KEY. Throws CorpusError on
 *  another extension, on the path of a folder, on one in a folder that can't be written to, and where the server of the address
 *  says no. */
export async function openRowWriter(
  path: string,
  columns: readonly string[],
  { field = 'output', env = process.env }: RowWriterOptions = {},
): Promise<RowWriter> {
  const format = formatOf(path, field);
  const { partial, publish } = isS3Path(path) ? await inBucket(path, field, env) : await onDisk(path, field);
  const sink = await openSink(format, partial, columns, { field, path }).catch((error: NodeJS.ErrnoException) => {
    if (!CANT_WRITE.has(error.code)) throw error;
    const problem = `it can't be written (${error.code})`;
    throw new CorpusError({ field, path, problem, mend: 'Make its folder, or name a file in another one' });
  });
  let finished = false;
  return {
    write: (row) => sink.write(row),
    async finish() {
      await sink.end();
      await publish();
      finished = true;
    },
    async abort() {
      if (finished) return;
      await sink.close();
      await rm(partial, { force: true });
    },
  };
}

async function openSink(
  format: ReturnType<typeof formatOf>,
  partial: string,
  columns: readonly string[],
  shown: { readonly field: string; readonly path: string },
): Promise<RowSink> {
  if (format === 'parquet') return (await import('./parquet-sink.js')).createParquetSink(partial, columns, shown);
  if (format === 'jsonl') return createJsonlSink(partial, columns);
  return createCsvSink(partial, columns, format === 'csv' ? ',' : '\t');
}

async function onDisk(path: string, field: string): Promise<Target> {
  // What is written would not find its place in the end. Other programs write folders of such names.
  if ((await stat(path).catch(() => null))?.isDirectory()) {
    throw new CorpusError({ field, path, problem: 'it is a folder', mend: 'Name a file' });
  }
  const partial = `${path}.${randomUUID()}.partial`;
  return {
    partial,
    async publish() {
      await syncToDisk(partial);
      await rename(partial, path);
    },
  };
}

async function inBucket(path: string, field: string, env: NodeJS.ProcessEnv): Promise<Target> {
  const upload = await s3Upload(path, field, env);
  const partial = join(tmpdir(), `tutelage-${randomUUID()}.partial`);
  return {
    partial,
    async publish() {
      await upload(partial);
      await rm(partial);
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
