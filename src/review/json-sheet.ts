/** JSON files of other tools as review files whose values can be named by their path: [4].data.text. */
import { readFile } from 'node:fs/promises';
import type { ZodType } from 'zod';
import { ReviewFileError } from './check-sheet.js';
import { type Answer, DECISION, type Sheet, type SheetRow } from './sheet.js';

export interface PlacedRow {
  readonly values: Readonly<Record<string, unknown>>;
  /** Where the values of these columns stand. */
  readonly places: Readonly<Record<string, string>>;
  readonly answers: readonly Answer[];
}

/** Throws ReviewFileError. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ReviewFileError([`it is no JSON (${error.message.slice(0, 80)})`], path);
  }
}

/** Each item of an array as a row; mend: what to do about items that aren't of the schema. Throws ReviewFileError when there is
 *  no array. */
export function sheetOfPlaces<Item>(
  items: unknown,
  path: string,
  { schema, mend, read }: { schema: ZodType<Item>; mend: string; read: (item: Item, place: string) => PlacedRow },
): Sheet {
  if (!Array.isArray(items)) throw new ReviewFileError([`it holds no list: ${mend}`], path);
  const columns = new Set(['id', 'text', DECISION]);
  const rows = items.map((item, index): SheetRow => {
    const place = `[${index}]`;
    const parsed = schema.safeParse(item);
    if (!parsed.success) {
      const { path: where = [], message = '' } = parsed.error.issues[0] ?? {};
      const problem = `${[place, ...where.map(String)].join('.')}: ${message}; ${mend}`;
      return { values: {}, answers: [], cellName: () => place, formulas: [], problem };
    }
    const { answers, places, values } = read(parsed.data, place);
    for (const column of Object.keys(values)) columns.add(column);
    return { values, answers, cellName: (column) => places[column] ?? place, formulas: [], problem: null };
  });
  return { columns: [...columns], rows };
}
