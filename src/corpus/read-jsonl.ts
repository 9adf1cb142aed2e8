/** Rows of a JSONL file: one object a line; blank lines are passed over. */
import { isUtf8 } from 'node:buffer';
import type { InputFile } from './file-format.js';
import type { Row } from './read-rows.js';
import { textBytes } from './text-bytes.js';
import { MAX_LINE_BYTES, readLines } from './text-lines.js';

export async function* readJsonl(file: InputFile): AsyncGenerator<Row> {
  for await (const { line, bytes } of readLines(textBytes(file))) {
    if (bytes === null) yield { line, problem: `the line is longer than ${MAX_LINE_BYTES} bytes` };
    else if (!isUtf8(bytes)) yield { line, problem: 'the line is not valid UTF-8' };
    else {
      const text = bytes.toString('utf8');
      if (text.trim() !== '') yield parseLine(line, text);
    }
  }
}

/** Integers that a number can't hold become strings of their digits, as they do from Parquet: rounded ids would be others. */
function withExactIntegers(json: string): string {
  if (!LONG_INTEGER.test(json)) return json;
  let inString = false;
  return json.replace(QUOTE_OR_NUMBER, (token) => {
    if (token === '"') inString = !inString;
    const isInteger = !inString && /^-?[1-9]\d*$/.test(token);
    return isInteger && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token;
  });
}

/** 2^53 has sixteen digits. */
const LONG_INTEGER = /\d{16}/;
/** Strings as a whole may be longer than a regular expression has room for. */
const QUOTE_OR_NUMBER = /\\.|"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function parseLine(line: number, text: string): Row {
  let parsed: unknown;
  try {
    parsed = JSON.parse(withExactIntegers(text));
  } catch {
    // The parser's message quotes the line, which may be a customer's text.
    return { line, problem: 'the line is not valid JSON' };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return { line, problem: 'the line is not a JSON object' };
  }
  return { line, values: parsed as Record<string, unknown> };
}
