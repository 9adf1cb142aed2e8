import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteFile } from 'hyparquet-writer';
import { CorpusInput, type Manifest, Task, type TextRow } from '../../src/contracts/index.js';
import { inspectInput, requireColumn } from '../../src/corpus/file-format.js';
import { CorpusError, prepareCorpus, type Row, readColumns, readRows, textKey } from '../../src/corpus/index.js';
import { readParquet } from '../../src/corpus/read-parquet.js';
import { openFileStore } from '../../src/store/index.js';
import { type Draw, damaged, hostileJson, hostileText, invalidUtf8, oneOf } from '../support/hostile-text.js';
import { seeded } from '../support/seeded.js';
import { collect, folder, tempFile } from './temp-files.js';

const seed = Number(process.env.TUTELAGE_SEED ?? Math.floor(Math.random() * 1e6));
console.log(`seed ${seed} (repeat with TUTELAGE_SEED=${seed})`);

const ROWS = 10_000;
const LONGEST_TEXT = 20_000;
const LONE_SURROGATES = /\p{Surrogate}/gu;
const LINE_LIMIT = 16 * 2 ** 20;
const DAMAGED_ROWS = 40;
/** In the Parquet file that parquetOf makes of so many short texts. */
const COUNT_AT = 14;
const STALLED_MS = 2000;
const task = Task.parse({
  name: 'sentiment',
  kind: 'text-classification',
  labels: [{ name: 'good' }, { name: 'bad' }],
});

/** What a row must come to; text null: refused. */
interface Written {
  readonly bytes: Buffer;
  readonly text: string | null;
}

describe('10,000 generated rows', () => {
  it('of JSONL are each a text as it was written or refused with a reason', async () => {
    const draw = seeded(seed);
    const rows = Array.from({ length: ROWS }, (_, index) => jsonlRow(draw, index));
    const ends = rows.map(() => Buffer.from(oneOf(draw, ['\n', '\n', '\r\n', '\n\n', '\n \t\n'])));
    const file = tempFile('.jsonl', Buffer.concat(rows.flatMap(({ bytes }, index) => [bytes, ends[index] as Buffer])));
    await expectCounted(file, rows);
  });

  it('of CSV are each a text as it was written or refused with a reason', async () => {
    const draw = seeded(seed + 1);
    const rows = Array.from({ length: ROWS }, () => csvRow(draw));
    const ends = rows.map(() => oneOf(draw, ['\n', '\r\n']));
    const lines = rows.flatMap(({ bytes }, index) => [bytes, Buffer.from(ends[index] as string)]);
    await expectCounted(tempFile('.csv', Buffer.concat([Buffer.from('\ufefftext,more\r\n'), ...lines])), rows);
  });

  it('of Parquet are each a text as it was written or refused with a reason', async () => {
    const draw = seeded(seed + 2);
    const texts = Array.from({ length: ROWS }, () => (draw() < 0.1 ? null : wellFormed(hostileText(draw))));
    const file = join(folder, 'hostile.parquet');
    parquetWriteFile({ filename: file, columnData: [{ name: 'text', data: texts, type: 'STRING' }] });
    await expectCounted(
      file,
      texts.map((text) => ({ bytes: Buffer.alloc(0), text: usable(text) })),
    );
  });
});

describe('files that were damaged on their way', () => {
  it.each([
    ['.jsonl', 300],
    ['.csv', 300],
    ['.tsv', 300],
    ['.jsonl.gz', 300],
    // Each in a thread of its own.
    ['.parquet', 20],
  ])('%s: rows, or what is wrong with the file', async (extension, rounds) => {
    const draw = seeded(seed + 3);
    const whole = wholeFile(draw, extension);
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < rounds; round++) {
      const file = join(folder, `damaged${extension}`);
      writeFileSync(file, damaged(draw, whole));
      try {
        for (const row of await collect(rowsOf(file))) {
          if ('problem' in row) expect(row.problem).not.toBe('');
          else expect(typeof row.values).toBe('object');
        }
        outcomes.read++;
      } catch (error) {
        expect(error).toBeInstanceOf(CorpusError);
        outcomes.refused++;
      }
    }
    console.log(`${extension}: ${outcomes.read} read, ${outcomes.refused} refused`);
  });

  it('.parquet whose damage keeps the library busy for ever is refused after a while', async () => {
    const bytes = parquetOf(Array.from({ length: DAMAGED_ROWS }, (_, index) => `text ${index}`));
    // The number of values in the first page, a zigzag varint, runs on into what follows it.
    expect(bytes[COUNT_AT]).toBe(2 * DAMAGED_ROWS);
    bytes[COUNT_AT]! |= 0x80;
    const file = join(folder, 'busy.parquet');
    writeFileSync(file, bytes);
    await expect(collect(rowsOf(file))).rejects.toThrow(
      `path (${file}): nothing came of reading it for ${STALLED_MS / 1000} s, so it is damaged. Write the file anew, or use JSONL.`,
    );
  });
});

/** Parquet is given up sooner than elsewhere, so that the test ends. */
async function* rowsOf(file: string): AsyncGenerator<Row> {
  if (!file.endsWith('.parquet')) yield* readRows(file);
  else yield* readParquet(await inspectInput(file, { field: 'path' }), undefined, STALLED_MS);
}

async function expectCounted(path: string, rows: readonly Written[]): Promise<void> {
  const expected = rows.flatMap(({ text }) => text ?? []);
  const { manifest, refused, texts } = await prepared(path);
  console.log(`${expected.length} of ${rows.length} rows have a text`);
  expect(manifest.counts).toMatchObject({ rows: rows.length, refused: rows.length - expected.length });
  expect(refused).toHaveLength(rows.length - expected.length);
  for (const { problem } of refused) expect(problem).toMatch(/^(its|the) /);
  const keys = (all: readonly string[]) => [...new Set(all.map(textKey))].sort();
  expect(keys(texts.map(({ text }) => text))).toEqual(keys(expected));
  expect(texts.every(({ key, text }) => key === textKey(text))).toBe(true);
  expect(texts.reduce((sum, { copies }) => sum + copies, 0)).toBe(expected.length);
}

async function prepared(path: string) {
  const store = await openFileStore(join(folder, 'store'));
  const runFolder = `runs/${textKey(path)}`;
  const { manifest }: { manifest: Manifest } = await prepareCorpus({
    ...{ task, store, runFolder, env: {}, knownChunks: [], gold: null, tempFolder: join(folder, 'temp') },
    corpus: CorpusInput.parse({ path, badRows: 'skip', labelColumn: null }),
  });
  const lines = async (file: string) => (await collect(store.lines(file))).map((line) => JSON.parse(line));
  const texts: TextRow[] = (await Promise.all(manifest.chunks.map(({ file }) => lines(file.path)))).flat();
  const refused: { problem: string }[] = manifest.refused === null ? [] : await lines(manifest.refused.path);
  return { manifest, refused, texts };
}

/** What a task's text may be: neither blank, nor too long, nor with half a character. */
function usable(text: string | null): string | null {
  return text === null || text.trim() === '' || text.length > LONGEST_TEXT || text !== wellFormed(text) ? null : text;
}

function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATES, '\ufffd');
}

function jsonlRow(draw: Draw, index: number): Written {
  const how = index < 2 ? 1 : draw();
  const text = hostileText(draw);
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  if (how < 0.6) return { bytes: json({ text, [hostileText(draw, 2)]: hostileJson(draw) }), text: usable(text) };
  if (how < 0.7) return { bytes: json({ text: notText(draw), more: text }), text: null };
  if (how < 0.75) return { bytes: json({ more: text }), text: null };
  if (how < 0.8) return { bytes: json([hostileJson(draw), { text }]), text: null };
  if (how < 0.85) return { bytes: json({ text }).subarray(0, -1), text: null };
  if (how < 0.9)
    return { bytes: Buffer.concat([Buffer.from('{"text":"'), invalidUtf8(draw), Buffer.from('"}')]), text: null };
  // A control character inside a string, which JSON forbids.
  if (how < 0.95)
    return { bytes: Buffer.from(`{"text":"a${oneOf(draw, ['\u0000', '\u0001', '\t', '\r'])}b"}`), text: null };
  if (how < 0.99) return { bytes: json({ text: 'x'.repeat(LONGEST_TEXT + 1) }), text: null };
  if (index < 1) return { bytes: json({ text, more: 'y'.repeat(LINE_LIMIT) }), text: null };
  const depth = 1 + Math.floor(draw() * 2000);
  return { bytes: Buffer.from(`{"text":"deep","more":${'['.repeat(depth)}${']'.repeat(depth)}}`), text: 'deep' };
}

function notText(draw: Draw): unknown {
  return oneOf(draw, [null, true, 0, -1.5, [], {}, [['text']], { text: 'text' }, '', ' \n\t']);
}

function csvRow(draw: Draw): Written {
  const text = wellFormed(hostileText(draw)).replace(/^\ufeff/, '');
  const more = wellFormed(hostileText(draw, 3));
  const how = draw();
  if (how < 0.8) return { bytes: Buffer.from(`${quoted(text)},${quoted(more)}`), text: usable(text) };
  if (how < 0.9) return { bytes: Buffer.from(`${quoted(text)},${quoted(more)},${quoted(more)}`), text: null };
  if (how < 0.95) return { bytes: Buffer.concat([invalidUtf8(draw), Buffer.from(',x')]), text: null };
  const plain = text.replace(/[",\r\n]/g, '');
  return { bytes: Buffer.from(`${plain},`), text: usable(plain) };
}

function quoted(cell: string): string {
  return `"${cell.replaceAll('"', '""')}"`;
}

function wholeFile(draw: Draw, extension: string): Buffer {
  const texts = Array.from({ length: DAMAGED_ROWS }, () => wellFormed(hostileText(draw, 6)));
  if (extension === '.parquet') return parquetOf(texts);
  const separator = extension === '.tsv' ? '\t' : ',';
  const lines = extension.startsWith('.jsonl')
    ? texts.map((text) => JSON.stringify({ text }))
    : ['text', ...texts.map(quoted)].map((line) => `${line}${separator}x`);
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  return extension.endsWith('.gz') ? gzipSync(bytes) : bytes;
}

function parquetOf(texts: readonly string[]): Buffer {
  const filename = join(folder, 'whole.parquet');
  parquetWriteFile({
    filename,
    columnData: [{ name: 'text', data: [...texts], type: 'STRING' }],
    codec: 'UNCOMPRESSED',
  });
  return readFileSync(filename);
}

it('a header that would write on the terminal is told without doing so', async () => {
  const columns = ['\u001b]0;pwned\u0007', '\u001b[2J', '\u202egnp.exe', '\u009b31m'];
  const path = tempFile('.csv', `${columns.join(',')}\n1,2,3,4\n`);
  const found = (await readColumns(path)) ?? [];
  const refused = () => requireColumn('text', found, { field: 'corpus.textColumn', path });
  expect(refused).toThrow(']0;pwned');
  expect(refused).not.toThrow(/[\p{Cc}\u202a-\u202e]/u);
});
