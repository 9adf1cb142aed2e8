/** Bytes of a text file: unpacked where it is compressed, without the byte order mark. */
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CorpusError } from './corpus-error.js';
import type { InputFile } from './file-format.js';

const MARK_BYTES = 3;
const UTF8_MARK = 0xefbbbf;
const UTF16_MARKS = [0xfffe, 0xfeff];

/** Blocks of the file. Throws CorpusError on UTF-16 and on damaged compression, and the signal's reason. readBytes:
 *  size of one read. */
export async function* textBytes(file: InputFile, readBytes = 256 * 1024): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0);
  for await (const block of unpacked(file, readBytes)) {
    if (head === null) yield block;
    else {
      head = Buffer.concat([head, block]);
      if (head.length < MARK_BYTES) continue;
      yield withoutMark(head, file);
      head = null;
    }
  }
  if (head !== null && head.length > 0) yield withoutMark(head, file);
}

async function* unpacked(
  { content, gzip, signal, field, shown }: InputFile,
  readBytes: number,
): AsyncGenerator<Buffer> {
  const source = content.stream(readBytes, signal);
  if (!gzip) {
    for await (const block of source) yield Buffer.from(block.buffer, block.byteOffset, block.byteLength);
    return;
  }
  const gunzip = createGunzip({ chunkSize: readBytes });
  // pipeline hands an error of the source on to the unpacking, where the loop below throws it.
  pipeline(source, gunzip, () => {});
  try {
    for await (const block of gunzip) yield block as Buffer;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!code.startsWith('Z_')) throw error;
    const problem = code === 'Z_BUF_ERROR' ? 'its gzip stream is cut off' : 'it is not gzip, or damaged';
    throw new CorpusError(
      { field, path: shown, problem, mend: 'Compress it anew, or give it unpacked' },
      { cause: error },
    );
  }
}

function withoutMark(head: Buffer, { field, shown }: InputFile): Buffer {
  if (head.length >= 2 && UTF16_MARKS.includes(head.readUInt16BE(0))) {
    throw new CorpusError({ field, path: shown, problem: 'the file is UTF-16', mend: 'Save it as UTF-8' });
  }
  return head.length >= MARK_BYTES && head.readUIntBE(0, MARK_BYTES) === UTF8_MARK ? head.subarray(MARK_BYTES) : head;
}
