/** Entry of the thread that decodes a Parquet file, one row group in memory at a time. The library takes the counts in a file at
 *  their word: a damaged one can keep it busy for ever, and a large row group for longer than an event loop may stand still. */
import { isUtf8 } from 'node:buffer';
import { parentPort, workerData } from 'node:worker_threads';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type RowGroup,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { ParquetReply, ParquetRequest, ParquetSetup } from './parquet-messages.js';
import type { Row } from './read-rows.js';

if (parentPort === null) throw new Error('this file runs as a worker thread only');
const port = parentPort;
const { bytes: byteLength, columns } = workerData as ParquetSetup;

/** Stands for a string that is not valid UTF-8; the library would put replacement characters there. */
const UNDECODABLE = Symbol('not valid UTF-8');
const parsers = { stringFromBytes: decodeString };
const ROWS_AT_ONCE = 500;

/** Under it files of the Hub's datasets describe their columns. */
const HUB_KEY = 'huggingface';

const ranges = new Map<number, (bytes: ArrayBuffer) => void>();
let wanted: () => void = () => {};
let lastRange = 0;

const file: AsyncBuffer = {
  byteLength,
  slice: (start, end = byteLength) =>
    new Promise((resolve) => {
      ranges.set(++lastRange, resolve);
      reply({ type: 'range', id: lastRange, start, end });
    }),
};

/** What is being done; said where it fails. */
let doing = 'it is not a Parquet file, or is cut off';

port.on('message', (request: ParquetRequest) => {
  if (request.type === 'next') return wanted();
  ranges.get(request.id)?.(request.bytes);
  ranges.delete(request.id);
});

try {
  await decode();
} catch (error) {
  reply({ type: 'unreadable', problem: doing, cause: (error as Error).message });
}

async function decode(): Promise<void> {
  const metadata = await parquetMetadataAsync(file, { parsers });
  const names = columnsIn(metadata);
  const hubSchema = metadata.key_value_metadata?.find(({ key }) => key === HUB_KEY)?.value ?? null;
  let next = untilWanted();
  reply({ type: 'columns', names, hubSchema });
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    await next;
    doing = `its rows from ${rowStart + 1} on can't be read`;
    const rows = await rowsOf(metadata, group, rowStart, names);
    for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
      await next;
      next = untilWanted();
      const some = rows.slice(from, from + ROWS_AT_ONCE);
      reply({
        type: 'rows',
        rows: some.map((values, index) => toRow(rowStart + from + index + 1, values)),
      });
    }
    rowStart += rows.length;
  }
  await next;
  reply({ type: 'rows', rows: null });
}

function rowsOf(metadata: FileMetaData, group: RowGroup, rowStart: number, names: readonly string[]) {
  const rows = Number(group.num_rows);
  // A row has a value, or a null, in each column.
  const fewest = Math.min(...group.columns.map(({ meta_data }) => Number(meta_data?.num_values ?? rows)));
  if (!(rows >= 0 && rows <= fewest)) throw new RangeError(`${rows} rows with ${fewest} values`);
  return parquetReadObjects({
    file,
    metadata,
    ...(columns !== null && { columns: names.filter((name) => columns.includes(name)) }),
    rowStart,
    rowEnd: rowStart + rows,
    compressors,
    parsers,
    onPage: () => reply({ type: 'alive' }),
  });
}

function untilWanted(): Promise<void> {
  return new Promise((resolve) => {
    wanted = resolve;
  });
}

function columnsIn(metadata: FileMetaData): string[] {
  return parquetSchema(metadata).children.map((child) => child.element.name);
}

function toRow(line: number, values: Record<string, unknown>): Row {
  for (const [column, value] of Object.entries(values)) {
    if (holdsUndecodable(value)) return { line, problem: `its column "${column}" is not valid UTF-8` };
    values[column] = asInJson(value);
  }
  return { line, values };
}

/** Integers that a number can't hold as their digits, times in ISO 8601, wherever they stand. */
function asInJson(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toJSON();
  if (Array.isArray(value)) return value.map(asInJson);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asInJson(inner)]));
}

/** Lists, structures and maps are arrays and plain objects. */
function holdsUndecodable(value: unknown): boolean {
  if (value === UNDECODABLE) return true;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  return Object.values(value).some(holdsUndecodable);
}

function decodeString(bytes: Uint8Array | undefined): string | symbol | undefined {
  if (bytes === undefined || bytes === null) return undefined;
  return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8') : UNDECODABLE;
}

function reply(message: ParquetReply): void {
  port.postMessage(message);
}
