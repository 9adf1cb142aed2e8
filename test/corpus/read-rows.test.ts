import { copyFileSync, createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { parquetWriteFile } from 'hyparquet-writer';
import { toldDelimiter } from '../../src/corpus/csv-delimiter.js';
import { CorpusError, readColumns, readRows } from '../../src/corpus/index.js';
import { readLines } from '../../src/corpus/text-lines.js';
import { collect, folder, tempFile } from './temp-files.js';

const read = (path: string) => collect(readRows(path));

async function refusal(path: string): Promise<string> {
  const error = await read(path).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(CorpusError);
  return (error as CorpusError).message;
}

describe('JSONL', () => {
  it('gives objects with their lines, through a BOM, CRLF, blank lines and a last line without an end', async () => {
    const path = tempFile('.jsonl', '\ufeff{"text":"one"}\r\n\r\n{"text":"two\\u0000\\n"}\n{"text":3}');
    expect(await read(path)).toEqual([
      { line: 1, values: { text: 'one' } },
      { line: 3, values: { text: 'two\0\n' } },
      { line: 4, values: { text: 3 } },
    ]);
  });

  it('gives broken lines, other values than objects and invalid UTF-8 as problems, and goes on', async () => {
    const bad = Buffer.concat([
      Buffer.from('{"text":"a\n[1]\n{"text":"'),
      Buffer.from([0xff]),
      Buffer.from('"}\n{}\n'),
    ]);
    expect(await read(tempFile('.ndjson', bad))).toEqual([
      { line: 1, problem: 'the line is not valid JSON' },
      { line: 2, problem: 'the line is not a JSON object' },
      { line: 3, problem: 'the line is not valid UTF-8' },
      { line: 4, values: {} },
    ]);
  });

  it('keeps all digits of integers that a number would round, and other numbers and strings as they are', async () => {
    const text = String.raw`a \"12345678901234567\", \\`;
    const line = `{"id":1541815603606036481,"text":"${text}","more":[-9007199254740993, 9007199254740991, 0.12345678901234566, 1e300]}`;
    expect(await read(tempFile('.jsonl', line))).toEqual([
      {
        line: 1,
        values: {
          id: '1541815603606036481',
          text: JSON.parse(`"${text}"`),
          more: ['-9007199254740993', 9007199254740991, 0.12345678901234566, 1e300],
        },
      },
    ]);
    const escapes = String.raw`\n`.repeat(1e6);
    const long = await read(tempFile('.jsonl', `{"id":1541815603606036481,"text":"${escapes}"}`));
    expect(long).toEqual([{ line: 1, values: { id: '1541815603606036481', text: '\n'.repeat(1e6) } }]);
  });

  it('passes over a line that is longer than a line may be, holding none of it', async () => {
    const path = tempFile('.jsonl', `{"text":"${'x'.repeat(17 * 1024 * 1024)}"}\n{"text":"next"}\n`);
    expect(await read(path)).toEqual([
      { line: 1, problem: 'the line is longer than 16777216 bytes' },
      { line: 2, values: { text: 'next' } },
    ]);
  });

  it('splits lines that lie across reads', async () => {
    const path = tempFile('.jsonl', 'ab\r\ncdefg\n\nh');
    const lines = await collect(readLines(createReadStream(path, { highWaterMark: 3 }), { maxLineBytes: 4 }));
    expect(lines.map(({ line, bytes }) => [line, bytes?.toString() ?? null])).toEqual([
      [1, 'ab'],
      [2, null],
      [3, ''],
      [4, 'h'],
    ]);
  });
});

describe('CSV and TSV', () => {
  it('reads quotes, delimiters and line ends in quotes, and gives the line that a row begins at', async () => {
    const path = tempFile('.csv', '\ufeffid,text\r\n1,"two\r\nlines, ""quoted"""\r\n2,\0plain\r\n\r\n3,last');
    expect(await read(path)).toEqual([
      { line: 2, values: { id: '1', text: 'two\r\nlines, "quoted"' } },
      { line: 4, values: { id: '2', text: '\0plain' } },
      { line: 6, values: { id: '3', text: 'last' } },
    ]);
  });

  it('reads lines that end in LF after a header that ends in CRLF', async () => {
    expect(await read(tempFile('.csv', 'a,b\r\n1,2\n3,4\r\n'))).toEqual([
      { line: 2, values: { a: '1', b: '2' } },
      { line: 3, values: { a: '3', b: '4' } },
    ]);
  });

  it('splits TSV at tabs and leaves commas alone', async () => {
    expect(await read(tempFile('.tsv', 'id\ttext\n1\ta, b\n'))).toEqual([
      { line: 2, values: { id: '1', text: 'a, b' } },
    ]);
  });

  it.each([
    ['semicolons', 'id;text;note\n1;a, b;"c; ""d"""\n', { id: '1', text: 'a, b', note: 'c; "d"' }],
    ['semicolons after quotes', '"id";"text, or;""so"""\r\n1;a\tb\r\n', { id: '1', 'text, or;"so"': 'a\tb' }],
    ['tabs', 'id\ttext\n1\ta, b; c\n', { id: '1', text: 'a, b; c' }],
    ['commas beside semicolons', 'id,text;note\n1,a;b\n', { id: '1', 'text;note': 'a;b' }],
    ['semicolons beside tabs', 'id;text\tnote\n1;a\tb\n', { id: '1', 'text\tnote': 'a\tb' }],
    ['one column, its name in quotes', '"text; or\nnote"\na;b\n', { 'text; or\nnote': 'a;b' }],
    ['one column', 'text\na;b\n', { text: 'a;b' }],
  ])('splits CSV at what the header has outside quotes: %s', async (_, content, values) => {
    expect(await read(tempFile('.csv', content))).toMatchObject([{ values }]);
    expect(await readColumns(tempFile('.csv', content))).toEqual(Object.keys(values));
  });

  it('finds the delimiter of a header that lies across reads, and loses no byte of it', async () => {
    async function* single() {
      for (const byte of Buffer.from('"a,""b";c\n1;2\n')) yield Buffer.from([byte]);
    }
    const { delimiter, blocks } = await toldDelimiter(single(), 1000);
    expect(delimiter).toBe(';');
    expect(Buffer.concat(await collect(blocks)).toString()).toBe('"a,""b";c\n1;2\n');
  });

  it('gives rows with the wrong number of cells and invalid UTF-8 as problems, and goes on', async () => {
    const bad = Buffer.concat([Buffer.from('id,text\n1\n2,'), Buffer.from([0xc3, 0x28]), Buffer.from('\n3,c\n')]);
    expect(await read(tempFile('.csv', bad))).toEqual([
      { line: 2, problem: 'the row has 1 cell, the header 2' },
      { line: 3, problem: 'the row is not valid UTF-8' },
      { line: 4, values: { id: '3', text: 'c' } },
    ]);
  });

  it('keeps an empty text of a file with a single column, which a blank line is', async () => {
    expect(await read(tempFile('.csv', 'text\na\n\n'))).toEqual([
      { line: 2, values: { text: 'a' } },
      { line: 3, values: { text: '' } },
    ]);
  });

  it('leaves out columns without a name, and keeps one that is named like a part of objects', async () => {
    const [row] = await read(tempFile('.csv', ',text,__proto__,\n0,a,b,\n'));
    expect(JSON.stringify(row)).toBe('{"line":2,"values":{"text":"a","__proto__":"b"}}');
  });

  it.each([
    ['a quote in a cell without quotes', 'id,text\n1,"a\nb"\n2,say "hi"\n', 'line 4 .* not quoted'],
    ['text behind a closing quote', 'id,text\n1,"a"b\n', 'line 2 .* followed by text'],
    ['a quote that is never closed', 'id,text\n1,a\n2,"b\n3,c\n', 'line 3 .* never closed'],
  ])('ends at %s, and says where, without the text', async (_, content, expected) => {
    const message = await refusal(tempFile('.csv', content));
    expect(message).toMatch(new RegExp(expected));
    expect(message).not.toMatch(/say|hi"/);
  });

  it('refuses a header that names a column twice, or none', async () => {
    expect(await refusal(tempFile('.csv', 'a,b,a\n1,2,3\n'))).toMatch(/names the column "a" twice/);
    expect(await refusal(tempFile('.csv', '\n1\n'))).toMatch(/names no column/);
  });
});

describe('Parquet', () => {
  it('gives the rows of all row groups, with integers as numbers', async () => {
    const path = join(folder, 'groups.parquet');
    parquetWriteFile({
      filename: path,
      columnData: [
        { name: 'text', data: ['a', 'b', 'c'], type: 'STRING' },
        { name: 'n', data: [1n, 2n, 2n ** 60n], type: 'INT64' },
      ],
      rowGroupSize: 2,
    });
    expect(await read(path)).toEqual([
      { line: 1, values: { text: 'a', n: 1 } },
      { line: 2, values: { text: 'b', n: 2 } },
      { line: 3, values: { text: 'c', n: '1152921504606846976' } },
    ]);
    expect(await readColumns(path)).toEqual(['text', 'n']);
    expect(await collect(readRows(path, { columns: ['n', 'absent'] }))).toContainEqual({ line: 1, values: { n: 1 } });
  });

  it('gives times and integers as JSON has them, in lists, too', async () => {
    const path = join(folder, 'nested.parquet');
    const when = new Date('2024-01-02T03:04:05Z');
    parquetWriteFile({
      filename: path,
      columnData: [
        { name: 'when', data: [when, null] },
        { name: 'counts', data: [[1n, 2n ** 60n], []] },
      ],
      schema: [
        { name: 'root', num_children: 2 },
        { name: 'when', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'OPTIONAL' },
        { name: 'counts', converted_type: 'LIST', num_children: 1, repetition_type: 'OPTIONAL' },
        { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
        { name: 'element', type: 'INT64', repetition_type: 'OPTIONAL' },
      ],
    });
    expect(await read(path)).toEqual([
      { line: 1, values: { when: '2024-01-02T03:04:05.000Z', counts: [1, '1152921504606846976'] } },
      { line: 2, values: { when: null, counts: [] } },
    ]);
  });

  it.each([
    ['GZIP', gzipSync],
    ['BROTLI', brotliCompressSync],
  ] as const)('reads %s', async (codec, compress) => {
    const path = join(folder, `${codec}.parquet`);
    const columnData = [{ name: 'text', data: ['one', 'two'], type: 'STRING' as const }];
    parquetWriteFile({ filename: path, columnData, codec, compressors: { [codec]: compress } });
    expect(await read(path)).toEqual([
      { line: 1, values: { text: 'one' } },
      { line: 2, values: { text: 'two' } },
    ]);
  });

  it('gives a string that is not UTF-8 as a problem of its row', async () => {
    const path = join(folder, 'bytes.parquet');
    const data = [Buffer.from('fine'), Buffer.from([0xff, 0xfe])];
    parquetWriteFile({ filename: path, columnData: [{ name: 'text', data, type: 'BYTE_ARRAY' }] });
    expect(await read(path)).toEqual([
      { line: 1, values: { text: 'fine' } },
      { line: 2, problem: 'its column "text" is not valid UTF-8' },
    ]);
  });

  it('refuses a file that is cut off', async () => {
    const path = join(folder, 'cut.parquet');
    copyFileSync(join(folder, 'groups.parquet'), path);
    const whole = readFileSync(path);
    expect(await refusal(tempFile('.parquet', whole.subarray(0, whole.length - 10)))).toMatch(/cut off/);
  });
});

describe('any file', () => {
  it('is refused where it is missing, empty, a folder, UTF-16 or of an unknown kind, with what would do', async () => {
    expect(await refusal(join(folder, 'absent.jsonl'))).toMatch(
      /no such file.*disk of the worker or command that reads them/,
    );
    expect(await refusal(tempFile('.csv', ''))).toMatch(/the file is empty\. Give a file with at least one row/);
    expect(await refusal(tempFile('.csv', Buffer.from('\ufefftext\na', 'utf16le')))).toMatch(
      /UTF-16.*Save it as UTF-8/,
    );
    expect(await refusal(tempFile('.xlsx', 'x'))).toMatch(/no reader for .xlsx files.*\.jsonl, .*\.parquet/);
  });

  it('is not read on once the signal is aborted', async () => {
    const signal = AbortSignal.abort(new Error('stopped'));
    for (const path of [tempFile('.jsonl', '{}\n'), tempFile('.csv', 'a\n1\n'), join(folder, 'groups.parquet')]) {
      await expect(collect(readRows(path, { signal }))).rejects.toThrow();
    }
  });

  it('names its columns, for JSONL those of the first readable row', async () => {
    expect(await readColumns(tempFile('.jsonl', 'broken\n{"b":1,"a":2}\n{"c":3}\n'))).toEqual(['b', 'a']);
    expect(await readColumns(tempFile('.jsonl', 'broken\n'))).toBeNull();
    expect(await readColumns(tempFile('.tsv', 'x\ty\n'))).toEqual(['x', 'y']);
  });
});
