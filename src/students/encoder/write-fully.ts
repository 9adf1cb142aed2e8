/** Writing typed arrays to a file. */
import type { FileHandle } from 'node:fs/promises';

/** Bytes of one write; some systems take no more than 2 GiB. */
const PIECE_BYTES = 2 ** 28;

/** A single write may take less than it is given. */
export async function writeFully(file: FileHandle, data: Uint8Array | Float32Array): Promise<void> {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(PIECE_BYTES, bytes.length - done));
    done += bytesWritten;
  }
}
