/** Lines of a stream of bytes, in UTF-8, without their ends. A last line without an end counts. */
export async function* splitLines(stream: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  let pending: Uint8Array[] = [];
  for await (const piece of stream) {
    let start = 0;
    for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, start)) {
      pending.push(piece.subarray(start, end));
      yield decode(pending);
      pending = [];
      start = end + 1;
    }
    if (start < piece.length) pending.push(piece.subarray(start));
  }
  if (pending.length > 0) yield decode(pending);
}

function decode(pieces: readonly Uint8Array[]): string {
  // A line is decoded whole: a character may be split between two pieces.
  const bytes = pieces.length === 1 ? viewOf(pieces[0] as Uint8Array) : Buffer.concat(pieces);
  const line = bytes.toString('utf8');
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function viewOf({ buffer, byteLength, byteOffset }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
