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

function decode(pieces: Uint8Array[]): string {
  const line = (pieces.length === 1 ? Buffer.from(pieces[0]!) : Buffer.concat(pieces)).toString('utf8');
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
