/** Review files as Excel workbooks. */
import { readFile } from 'node:fs/promises';
import { strFromU8, unzipSync } from 'fflate';
import type writeXlsx from 'write-excel-file/node';
import type { SheetData } from 'write-excel-file/node';
import type { Label } from '../contracts/index.js';
import { DECISION, type SheetCells } from './sheet.js';

const ROWS_SHEET = 'review';
const LABELS_SHEET = 'labels';
const WIDTHS: Readonly<Record<string, number>> = {
  id: 18,
  doubt: 8,
  label: 16,
  decision: 16,
  text: 80,
  why: 50,
  votes: 80,
};

/** Writes the rows: a drop-down of the labels, a frozen header, redder rows for more doubt; a second sheet explains the
 *  labels. */
export async function writeXlsxFile(
  path: string,
  columns: readonly string[],
  rows: readonly SheetCells[],
  labels: readonly Label[],
): Promise<void> {
  const header = columns.map((value) => ({ value, fontWeight: 'bold' as const, backgroundColor: '#d0d7de' }));
  const body = rows.map((row) => columns.map((column) => cell(column, row[column] ?? '', row.doubt)));
  const explained: SheetData = [
    [
      { value: 'label', fontWeight: 'bold' },
      { value: 'description', fontWeight: 'bold' },
    ],
    ...labels.map(({ name, description }) => [
      { value: escaped(name), type: String },
      { value: escaped(description), type: String, wrap: true },
    ]),
  ];
  const widths = columns.map((column) => ({ width: WIDTHS[column] ?? 20 }));
  const { default: write } = await import('write-excel-file/node');
  await write(
    [
      { data: [header, ...body], sheet: ROWS_SHEET, columns: widths, stickyRowsCount: 1 },
      { data: explained, sheet: LABELS_SHEET, columns: [{ width: 24 }, { width: 80 }], stickyRowsCount: 1 },
    ],
    { features: [dropDown(columns.indexOf(DECISION), rows.length, labels.length)] },
  ).toFile(path);
}

type XlsxFeature = NonNullable<NonNullable<Parameters<typeof writeXlsx>[1]>['features']>[number];

export interface XlsxSheet {
  /** Values row by row, the header first; numbers as their digits. */
  readonly rows: readonly (readonly unknown[])[];
  /** Addresses of cells whose value a formula computes: D5. */
  readonly formulas: ReadonlySet<string>;
}

/** The first sheet of a workbook. Throws an Error when the file is no workbook. */
export async function readXlsxFile(path: string): Promise<XlsxSheet> {
  const { default: read } = await import('read-excel-file/node');
  const sheets = await read(path, { trim: false, parseNumber: (digits: string) => digits });
  const entries = unzipSync(await readFile(path), { filter: ({ name }) => name === 'xl/worksheets/sheet1.xml' });
  const xml = strFromU8(entries['xl/worksheets/sheet1.xml'] ?? new Uint8Array());
  const formulas = [...xml.matchAll(/<c\s[^>]*?\br="([A-Z]+\d+)"[^>]*>\s*<f[\s>/]/g)].map(([, address]) => address!);
  return { rows: sheets[0]?.data ?? [], formulas: new Set(formulas) };
}

function cell(column: string, value: string | number, doubt: string | number | undefined) {
  const backgroundColor = typeof doubt === 'number' ? shade(doubt) : undefined;
  if (typeof value === 'number')
    return { value, type: Number, format: '0.00', backgroundColor, alignVertical: 'top' as const };
  // An input that is empty has no type.
  if (value === '') return { backgroundColor: column === DECISION ? '#fff8c5' : backgroundColor };
  return { value: escaped(value), type: String, wrap: true, backgroundColor, alignVertical: 'top' as const };
}

/** A workbook reads _x0041_ as A. */
function escaped(text: string): string {
  return text.replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_');
}

/** White for no doubt, red for certain error. */
function shade(doubt: number): string {
  const rest = Math.round(255 - 110 * Math.min(1, Math.max(0, doubt)));
  const hex = rest.toString(16).padStart(2, '0');
  return `#ff${hex}${hex}`;
}

/** The labels to choose from in the decision's column: the first cells of the other sheet, as labels may hold commas. */
function dropDown(column: number, rows: number, labels: number): XlsxFeature {
  const letter = String.fromCharCode('A'.charCodeAt(0) + column);
  const xml =
    `<dataValidations count="1"><dataValidation type="list" allowBlank="1" showErrorMessage="1" ` +
    `errorTitle="Not a label" error="Choose one of the labels, or leave the cell empty." sqref="${letter}2:${letter}${rows + 1}">` +
    `<formula1>${LABELS_SHEET}!$A$2:$A$${labels + 1}</formula1></dataValidation></dataValidations>`;
  return {
    files: {
      transform: {
        'xl/worksheets/sheet{id}.xml': {
          transform: (sheet: string, _options: unknown, { sheetIndex }: { sheetIndex: number }) =>
            sheetIndex === 0 && rows > 0 ? sheet.replace('</sheetData>', `</sheetData>${xml}`) : sheet,
        },
      },
    },
  };
}
