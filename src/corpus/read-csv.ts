/** Rows of a CSV or TSV file with a header (RFC 4180, but for the delimiter, which the header of a CSV file tells: cells with
 *  quotes, delimiters or line ends stand in quotes).
 *  Quoting errors end the reading: past a stray quote nobody knows where rows begin. */

import { isUtf8 } from 'node:buffer';
import { pipeline, Readable } from 'node:stream';
import { CsvError, type Options, parse } from 'csv-parse';
import { counted } from '../contracts/index.js';
import { CorpusError } from './corpus-error.js';
import { toldDelimiter } from './csv-delimiter.js';
import type { InputFile } from './file-format.js';
import type { Row } from './read-rows.js';
import { textBytes } from './text-bytes.js';
import { MAX_LINE_BYTES } from './text-lines.js';

interface CsvRecord {
  /** 1-based line that the record begins at. */
  line: number;
  /** null: not valid UTF-8. */
  cells: (string | null)[];
}

const QUOTING_PROBLEMS: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and never closed',
  CSV_INVALID_CLOSING_QUOTE: 'a closing quote is followed by text',
  INVALID_OPENING_QUOTE: 'a quote stands inside a cell that is not quoted',
  CSV_MAX_RECORD_SIZE: `it is longer than ${MAX_LINE_BYTES} bytes; a quote may be left open`,
};

/** Throws CorpusError on a broken header or quoting. Unnamed columns are left out. */
export async function* readCsv(file: InputFile): AsyncGenerator<Row> {
  let header: (string | null)[] | undefined;
  for await (const { line, cells } of csvRecords(file)) {
    if (header === undefined) {
      header = cells;
      checkHeader(file, header);
    } else if (cells.includes(null)) {
      yield { line, problem: 'the row is not valid UTF-8' };
    } else if (cells.length === header.length) {
      const names = header;
      const entries = cells.map((cell, index) => [names[index], cell] as const);
      yield { line, values: Object.fromEntries(entries.filter(([name]) => name !== '')) };
    } else if (cells.length > 1 || cells[0] !== '') {
      yield { line, problem: `the row has ${counted(cells.length, 'cell')}, the header ${header.length}` };
    }
  }
}

/** Throws CorpusError on a broken header. */
export async function csvColumns(file: InputFile): Promise<string[]> {
  for await (const { cells } of csvRecords(file)) return checkHeader(file, cells);
  return [];
}

async function* csvRecords(file: InputFile): AsyncGenerator<CsvRecord> {
  let nextLine = 1;
  const { delimiter, blocks } =
    file.format === 'tsv'
      ? { delimiter: '\t', blocks: textBytes(file) }
      : await toldDelimiter(textBytes(file), MAX_LINE_BYTES);
  const options: Options<CsvRecord, Uint8Array[]> = {
    delimiter,
    // Cells come as bytes, so that invalid UTF-8 is seen.
    encoding: null,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    max_record_size: MAX_LINE_BYTES,
    // Lines are counted here, in step with the parser: its own count takes a quoted CRLF for two.
    on_record: (cells) => {
      const line = nextLine;
      nextLine += 1 + cells.reduce((sum, bytes) => sum + countNewlines(bytes), 0);
      return { line, cells: cells.map((bytes) => (isUtf8(bytes) ? Buffer.from(bytes).toString('utf8') : null)) };
    },
  };
  // The library's types have no overload for records of another type without column names.
  const parser = parse(options as unknown as Options);
  // pipeline hands an error of the source on to the parser, where the loop below throws it.
  pipeline(Readable.from(blocks), parser, () => {});
  try {
    for await (const record of parser) yield record as CsvRecord;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // Not kept as the cause: it carries the row's text.
    throw new CorpusError({
      field: file.field,
      path: file.shown,
      problem: `the row that begins at line ${nextLine} is broken: ${QUOTING_PROBLEMS[error.code] ?? error.code}`,
      mend: 'Put cells that hold quotes, delimiters or line ends into quotes and double the quotes in them, or use JSONL',
    });
  }
}

function countNewlines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) count++;
  return count;
}

function checkHeader(file: InputFile, cells: readonly (string | null)[]): string[] {
  const refuse = (problem: string) =>
    new CorpusError({ field: file.field, path: file.shown, problem, mend: 'The first row must name the columns' });
  if (cells.includes(null)) throw refuse('the header is not valid UTF-8');
  const names = cells.filter((cell): cell is string => cell !== null && cell !== '');
  if (names.length === 0) throw refuse('the header names no column');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw refuse(`the header names the column "${twice}" twice`);
  return names;
}
