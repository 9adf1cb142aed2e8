/** The bytes of an input file, wherever it lies: in order, or a range of them. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

export interface FileContent {
  readonly bytes: number;
  /** From the beginning. readBytes: size of one read, where the source lets one choose. */
  stream(readBytes: number, signal: AbortSignal | undefined): AsyncIterable<Uint8Array>;
  /** From `start` to before `end`. Throws where the file is shorter. */
  range(start: number, end: number): Promise<ArrayBuffer>;
}

export function localContent(path: string, bytes: number): FileContent {
  return {
    bytes,
    stream: (readBytes, signal) => createReadStream(path, { highWaterMark: readBytes, signal }),
    range: async (start, end) => {
      const handle = await open(path, 'r');
      try {
        const buffer = Buffer.from(new ArrayBuffer(end - start));
        let filled = 0;
        while (filled < buffer.length) {
          const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, start + filled);
          if (bytesRead === 0) throw new RangeError(`the file ends before byte ${end}`);
          filled += bytesRead;
        }
        return buffer.buffer as ArrayBuffer;
      } finally {
        await handle.close();
      }
    },
  };
}

/** A path on this machine, or what lies elsewhere. */
export type InputPlace = string | FileContent;
