/** What stands between the cells of a CSV file: spreadsheets of many languages write semicolons. */

/** In a file that has several of them outside quotes, the first of these counts. */
const DELIMITERS = [',', ';', '\t'] as const;
type Delimiter = (typeof DELIMITERS)[number];

const [QUOTE, LINE_END] = [0x22, 0x0a];

/** The delimiter that the header tells, and all blocks, the header's included. A header of one column means commas.
 *  maxBytes: a header that is longer is looked at so far. */
export async function toldDelimiter(
  blocks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ delimiter: Delimiter; blocks: AsyncIterable<Uint8Array> }> {
  const source = blocks[Symbol.asyncIterator]();
  const header: Uint8Array[] = [];
  const seen = new Set<number>();
  let [quoted, ended, bytes] = [false, false, 0];
  while (!ended && bytes < maxBytes) {
    const { done, value } = await source.next();
    if (done) break;
    header.push(value);
    bytes += value.length;
    for (const byte of value) {
      // A doubled quote, which is a quote in a cell, ends the quotes and opens them again.
      if (byte === QUOTE) quoted = !quoted;
      else if (!quoted) seen.add(byte);
      ended = byte === LINE_END && !quoted;
      if (ended) break;
    }
  }
  return {
    delimiter: DELIMITERS.find((character) => seen.has(character.charCodeAt(0))) ?? ',',
    blocks: (async function* () {
      yield* header;
      yield* { [Symbol.asyncIterator]: () => source };
    })(),
  };
}
