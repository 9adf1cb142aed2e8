/** Lines of a text file as bytes, in bounded memory. */

export interface LineOptions {
  /** Longest line that is held, in bytes. */
  maxLineBytes?: number;
}

/** Longest line or record of a file that is read, in bytes: sixteen times the longest text that a task may allow. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** 1-based lines without their ends (LF or CRLF); bytes null: the line is longer than maxLineBytes and was passed over. */
export async function* readLines(
  blocks: AsyncIterable<Buffer>,
  { maxLineBytes = MAX_LINE_BYTES }: LineOptions = {},
): AsyncGenerator<{ line: number; bytes: Buffer | null }> {
  let pieces: Buffer[] = [];
  let held = 0;
  let line = 1;
  const keep = (piece: Buffer) => {
    held += piece.length;
    if (held > maxLineBytes) pieces = [];
    else if (piece.length > 0) pieces.push(piece);
  };
  const take = () => {
    const bytes = held > maxLineBytes ? null : withoutReturn(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
    pieces = [];
    held = 0;
    return { line: line++, bytes };
  };
  for await (const block of blocks) {
    let from = 0;
    for (let end = block.indexOf(NEWLINE); end !== -1; end = block.indexOf(NEWLINE, from)) {
      keep(block.subarray(from, end));
      from = end + 1;
      yield take();
    }
    keep(block.subarray(from));
  }
  if (held > 0) yield take();
}

function withoutReturn(bytes: Buffer): Buffer {
  return bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
}
