/** Review files as Excel workbooks. */
import { readFile } from 'node:fs/promises';
import { strFromU8, unzipSync } from 'fflate';
import type writeXlsx from 'write-excel-file/node';
import type { SheetData } from 'write-excel-file/node';
import type { Label } from '../contracts/index.js';
import { ReviewFileError } from './check-sheet.js';
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
  /** What stands in cells that hold an error, by address: #N/A. Their value is none. */
  readonly errors: ReadonlyMap<string, string>;
}

/** The sheet that writeXlsxFile names so, wherever it was moved to; of another workbook the first one. Throws ReviewFileError for
 *  a file that is no workbook. */
export async function readXlsxFile(path: string): Promise<XlsxSheet> {
  const { default: read } = await import('read-excel-file/node');
  const bytes = await readFile(path);
  try {
    const sheets = await read(bytes, { trim: false, parseNumber: (digits: string) => digits });
    const index = Math.max(
      0,
      sheets.findIndex(({ sheet }) => sheet === ROWS_SHEET),
    );
    const xml = sheetXml(bytes, index);
    return { rows: sheets[index]?.data ?? [], formulas: formulasOf(xml), errors: errorsOf(xml) };
  } catch (error) {
    throw new ReviewFileError([`it is no workbook: ${(error as Error).message}`], path);
  }
}

/** Of the sheet with this place in the workbook, whose file may have any name. */
function sheetXml(bytes: Uint8Array, index: number): string {
  const files = unzipSync(bytes, { filter: ({ name }) => /^xl\/(workbook\.xml|_rels\/|worksheets\/)/.test(name) });
  const xml = (name: string) => strFromU8(files[name] ?? new Uint8Array());
  const ids = [...xml('xl/workbook.xml').matchAll(/<(?:\w+:)?sheet\s[^>]*?\br:id="([^"]+)"/g)];
  const targets = [...xml('xl/_rels/workbook.xml.rels').matchAll(/<(?:\w+:)?Relationship\s[^>]*>/g)].map(
    ([tag]) => tag,
  );
  const own = targets.find((tag) => tag.includes(`Id="${ids[index]?.[1]}"`));
  const target = /\bTarget="([^"]+)"/.exec(own ?? '')?.[1] ?? '';
  return xml(target.startsWith('/') ? target.slice(1) : `xl/${target}`);
}

function formulasOf(sheet: string): Set<string> {
  const cells = sheet.matchAll(/<(?:\w+:)?c\s[^>]*?\br="([A-Z]+\d+)"[^>]*>\s*<(?:\w+:)?f[\s>/]/g);
  return new Set([...cells].map(([, address]) => address!));
}

function errorsOf(sheet: string): Map<string, string> {
  const cells = sheet.matchAll(/<(?:\w+:)?c\s([^>]*\bt="e"[^>/]*)>.*?<(?:\w+:)?v>([^<]*)</gs);
  return new Map(
    [...cells].map(([, attributes = '', code = '']) => [/\br="([^"]+)"/.exec(attributes)?.[1] ?? '', code]),
  );
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
