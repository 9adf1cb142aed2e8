/** A review file that comes back, as rows whose cells can be named in messages. */
import { extname } from 'node:path';
import { readColumns, readRows } from '../corpus/index.js';
import { DECISION, type Sheet, type SheetRow } from './sheet.js';
import { readXlsxFile } from './xlsx-file.js';

/** .xlsx, or a format of the corpus. Throws CorpusError, or ReviewFileError for a file that is no workbook. Holds all in memory:
 *  people filled it in. */
export async function readSheet(path: string): Promise<Sheet> {
  return extname(path).toLowerCase() === '.xlsx' ? readWorkbook(path) : readTable(path);
}

async function readWorkbook(path: string): Promise<Sheet> {
  const { errors, rows, formulas } = await readXlsxFile(path);
  const [header = [], ...body] = rows;
  const columns = header.map((title) => String(title ?? '').trim());
  const letters = columns.map((_, index) => columnLetter(index));
  return {
    columns,
    rows: body
      .map((cells, index) => {
        const address = (column: string) => `${letters[columns.indexOf(column)] ?? '?'}${index + 2}`;
        const values: Record<string, unknown> = Object.fromEntries(
          columns.map((column, k) => [column, cells[k] ?? errors.get(address(column)) ?? null]),
        );
        return {
          values,
          answers: [{ reviewer: null, value: values[DECISION], place: `cell ${address(DECISION)}` }],
          cellName: (column: string) => `cell ${address(column)}`,
          formulas: columns.filter((column) => formulas.has(address(column))),
          problem: null,
          empty: cells.every((value) => value === null || value === ''),
        };
      })
      .filter((row) => !row.empty || row.formulas.length > 0),
  };
}

async function readTable(path: string): Promise<Sheet> {
  const known = await readColumns(path, { field: 'file' });
  const rows: SheetRow[] = [];
  const seen = new Set(known ?? []);
  for await (const row of readRows(path, { field: 'file' })) {
    const values = 'problem' in row ? {} : row.values;
    for (const column of Object.keys(values)) seen.add(column);
    rows.push({
      values,
      answers: [{ reviewer: null, value: Reflect.get(values, DECISION), place: `line ${row.line}, ${DECISION}` }],
      cellName: (column) => `line ${row.line}, ${column}`,
      formulas: Object.keys(values).filter((column) => /^\s*=/.test(String(values[column] ?? ''))),
      problem: 'problem' in row ? `line ${row.line}: ${row.problem}` : null,
    });
  }
  return { columns: [...seen], rows };
}

function columnLetter(index: number): string {
  const rest = Math.floor(index / 26);
  return (rest === 0 ? '' : columnLetter(rest - 1)) + String.fromCharCode('A'.charCodeAt(0) + (index % 26));
}
