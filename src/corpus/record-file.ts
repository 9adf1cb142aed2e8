/** Local JSONL files written and read in blocks: the records between the passes, and sorted runs. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { readLines } from './text-lines.js';

/** Code units that are gathered before a write. */
const BLOCK_UNITS = 256 * 1024;

/** Text gathered into blocks on its way to a local file. */
export class BlockWriter {
  #block: string[] = [];
  #units = 0;

  private constructor(readonly handle: FileHandle) {}

  /** Makes the file, or empties it. */
  static async open(path: string): Promise<BlockWriter> {
    return new BlockWriter(await open(path, 'w'));
  }

  async write(text: string): Promise<void> {
    this.#block.push(text);
    this.#units += text.length;
    if (this.#units >= BLOCK_UNITS) await this.flush();
  }

  async flush(): Promise<void> {
    const text = this.#block.join('');
    this.#block = [];
    this.#units = 0;
    if (text !== '') await this.handle.appendFile(text, 'utf8');
  }

  /** Drops what was not flushed. */
  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** Writes records as JSON lines; gives how many. */
export function writeRecords<T>(path: string, records: AsyncIterable<T>): Promise<number> {
  return writeLines(path, records, (record) => JSON.stringify(record));
}

/** Writes one line for each item; gives how many. */
export async function writeLines<T>(
  path: string,
  items: AsyncIterable<T> | Iterable<T>,
  lineOf: (item: T) => string,
): Promise<number> {
  const writer = await BlockWriter.open(path);
  try {
    let count = 0;
    for await (const item of items) {
      await writer.write(`${lineOf(item)}\n`);
      count++;
    }
    await writer.flush();
    return count;
  } finally {
    await writer.close();
  }
}

/** Records of a file that writeRecords wrote. readBytes: size of one read. */
export async function* readRecords<T>(path: string, readBytes = 256 * 1024): AsyncGenerator<T> {
  // Lines are ours, as long as a record may be: JSON can make six bytes of one.
  const blocks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: readBytes });
  for await (const { bytes } of readLines(blocks, { maxLineBytes: Number.POSITIVE_INFINITY })) {
    yield JSON.parse(bytes!.toString('utf8')) as T;
  }
}
