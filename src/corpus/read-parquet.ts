/** Rows of a Parquet file, decoded in a thread of their own (parquet-thread.ts) that is ended when nothing comes of it. */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { S3Error } from '../store/index.js';
import { CorpusError } from './corpus-error.js';
import type { InputFile } from './file-format.js';
import { labelNamesIn, withLabelNames } from './hub-labels.js';
import type { ParquetReply, ParquetRequest, ParquetSetup } from './parquet-messages.js';
import type { Row } from './read-rows.js';

const ENTRY = fileURLToPath(new URL('../../dist/corpus/parquet-thread.js', import.meta.url));
/** A page, of a megabyte as a rule, is decoded in milliseconds. */
const STALLED_MS = 60_000;
const MOST_HEAP_MIB = 4096;
const OUT_OF_MEMORY = 'ERR_WORKER_OUT_OF_MEMORY';

/** Throws CorpusError on a file that is not Parquet or damaged. columns: those to read, of those that there are; all
 *  without. stalledMs: for so long it may come to nothing. A line is a 1-based row. */
export async function* readParquet(
  file: InputFile,
  columns?: readonly string[],
  stalledMs = STALLED_MS,
): AsyncGenerator<Row> {
  const thread = new ParquetThread(file, columns ?? null, stalledMs);
  try {
    const labelNames = labelNamesIn((await thread.schema()).hubSchema);
    for (let rows = await thread.rows(); rows !== null; rows = await thread.rows()) {
      for (const row of rows) yield withLabelNames(row, labelNames);
    }
  } finally {
    await thread.end();
  }
}

/** Throws CorpusError on a file that is not Parquet. */
export async function parquetColumns(file: InputFile): Promise<string[]> {
  const thread = new ParquetThread(file, [], STALLED_MS);
  try {
    return [...(await thread.schema()).names];
  } finally {
    await thread.end();
  }
}

class ParquetThread {
  private readonly worker: Worker;
  private fetching = 0;
  private watchdog: NodeJS.Timeout | undefined;
  private answered: { resolve(reply: ParquetReply): void; reject(reason: unknown): void } | null = null;
  private failure: { readonly reason: unknown } | null = null;

  constructor(
    private readonly file: InputFile,
    columns: readonly string[] | null,
    private readonly stalledMs: number,
  ) {
    const setup: ParquetSetup = { bytes: file.content.bytes, columns };
    this.worker = new Worker(ENTRY, { workerData: setup, resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MIB } });
    this.worker.on('message', (reply: ParquetReply) => this.receive(reply));
    this.worker.on('error', (error: NodeJS.ErrnoException) => {
      const problem = `it takes more than ${MOST_HEAP_MIB / 1024} GiB of memory to read it, so it may be damaged`;
      this.fail(error.code === OUT_OF_MEMORY ? unreadable(file, problem, error) : error);
    });
    this.worker.on('exit', () => this.fail(new Error(`the thread that reads ${file.shown} has ended`)));
    file.signal?.addEventListener('abort', this.onAbort);
    if (file.signal?.aborted) this.onAbort();
  }

  async schema(): Promise<Extract<ParquetReply, { type: 'columns' }>> {
    return (await this.answer()) as Extract<ParquetReply, { type: 'columns' }>;
  }

  /** null: there are no more. */
  async rows(): Promise<readonly Row[] | null> {
    this.send({ type: 'next' });
    const reply = await this.answer();
    return reply.type === 'rows' ? reply.rows : null;
  }

  async end(): Promise<void> {
    this.file.signal?.removeEventListener('abort', this.onAbort);
    clearTimeout(this.watchdog);
    await this.worker.terminate();
  }

  private readonly onAbort = () => this.fail(this.file.signal?.reason);

  private answer(): Promise<ParquetReply> {
    return new Promise((resolve, reject) => {
      if (this.failure !== null) return reject(this.failure.reason);
      this.answered = { resolve, reject };
      this.watch();
    });
  }

  private receive(reply: ParquetReply): void {
    if (reply.type === 'range') void this.fetch(reply.id, reply.start, reply.end);
    else if (reply.type === 'unreadable') this.fail(unreadable(this.file, reply.problem, new Error(reply.cause)));
    else if (reply.type !== 'alive') {
      clearTimeout(this.watchdog);
      this.answered?.resolve(reply);
      this.answered = null;
      return;
    }
    this.watch();
  }

  /** From now on, unless it is the thread that waits. */
  private watch(): void {
    clearTimeout(this.watchdog);
    if (this.answered === null || this.fetching > 0) return;
    const seconds = this.stalledMs / 1000;
    const problem = `nothing came of reading it for ${seconds} s, so it is damaged`;
    this.watchdog = setTimeout(() => this.fail(unreadable(this.file, problem, null)), this.stalledMs);
  }

  private async fetch(id: number, start: number, end: number): Promise<void> {
    const { content } = this.file;
    this.fetching++;
    try {
      if (!(start >= 0 && start <= end && end <= content.bytes)) throw new RangeError(`no bytes ${start} to ${end}`);
      const bytes = await content.range(start, end);
      this.send({ type: 'bytes', id, bytes }, [bytes]);
    } catch (error) {
      this.fail(unreadable(this.file, 'it is not a Parquet file, or is cut off', error));
    } finally {
      this.fetching--;
      this.watch();
    }
  }

  private send(request: ParquetRequest, moved: ArrayBuffer[] = []): void {
    this.worker.postMessage(request, moved);
  }

  /** The first reason counts. */
  private fail(reason: unknown): void {
    this.failure ??= { reason };
    clearTimeout(this.watchdog);
    this.answered?.reject(this.failure.reason);
    this.answered = null;
  }
}

/** What the place of the file says of it comes first. */
function unreadable(file: InputFile, problem: string, cause: unknown): unknown {
  if (cause instanceof CorpusError || cause instanceof S3Error) return cause;
  const mend = 'Write the file anew, or use JSONL';
  return new CorpusError({ field: file.field, path: file.shown, problem, mend }, { cause });
}
