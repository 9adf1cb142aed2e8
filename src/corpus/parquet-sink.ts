/** Parquet output, one row group in memory at a time. Types are told by the first group: a column whose values are all
 *  numbers is DOUBLE, all booleans BOOLEAN, else STRING. */
import { type ColumnSource, fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { CorpusError } from './corpus-error.js';
import { cellText } from './text-sinks.js';
import type { RowSink } from './write-rows.js';

type ColumnType = 'BOOLEAN' | 'DOUBLE' | 'STRING';

/** A row group ends after so many rows or UTF-16 code units of text, whichever comes first. */
const GROUP_ROWS = 10_000;
const GROUP_UNITS = 16 * 1024 * 1024;

/** write and end throw CorpusError on a value that does not fit its column's type. shown: what messages call the file. */
export function createParquetSink(
  path: string,
  columns: readonly string[],
  shown: { readonly field: string; readonly path: string },
): RowSink {
  // Writes the file in blocks of a megabyte, synchronously.
  const writer = fileWriter(path);
  let parquet: ParquetWriter | undefined;
  let types: ColumnType[] = [];
  let group = columns.map((): unknown[] => []);
  let rows = 0;
  let units = 0;

  const flushGroup = async () => {
    types = types.length > 0 ? types : group.map(typeOf);
    const columnData = columns.map((name, index): ColumnSource => {
      const type = types[index]!;
      const other = group[index]!.find((value) => !fits(value, type));
      if (other !== undefined) throw misfit(other, type, name, shown);
      return { name, type, nullable: true, data: group[index]!.map((value) => convert(value, type)) };
    });
    parquet ??= new ParquetWriter({ writer, schema: schemaFromColumnData({ columnData }) });
    await parquet.write({ columnData, rowGroupSize: GROUP_ROWS });
    group = columns.map(() => []);
    rows = 0;
    units = 0;
  };

  return {
    async write(row) {
      for (const [index, column] of columns.entries()) {
        const value = row[column] ?? null;
        group[index]!.push(value);
        units += typeof value === 'string' ? value.length : 0;
      }
      if (++rows >= GROUP_ROWS || units >= GROUP_UNITS) await flushGroup();
    },
    async end() {
      if (rows > 0 || parquet === undefined) await flushGroup();
      await parquet?.finish();
    },
    async close() {},
  };
}

function typeOf(values: readonly unknown[]): ColumnType {
  const given = values.filter((value) => value !== null);
  if (given.length > 0 && given.every((value) => typeof value === 'number')) return 'DOUBLE';
  if (given.length > 0 && given.every((value) => typeof value === 'boolean')) return 'BOOLEAN';
  return 'STRING';
}

function fits(value: unknown, type: ColumnType): boolean {
  return value === null || type === 'STRING' || typeof value === (type === 'DOUBLE' ? 'number' : 'boolean');
}

function convert(value: unknown, type: ColumnType): unknown {
  return value === null || type !== 'STRING' ? value : cellText(value);
}

function misfit(value: unknown, type: ColumnType, column: string, shown: { field: string; path: string }): CorpusError {
  const first = type === 'DOUBLE' ? 'numbers' : 'booleans';
  const problem = `column "${column}" held only ${first} in its first rows and a ${typeof value} later; Parquet columns have one type`;
  return new CorpusError({ ...shown, problem, mend: 'Name a file that ends in .jsonl' });
}
