/** The task's text template over the columns: "{brand}: {body}". "{text}" stands for the text column, "{{" and "}}" for
 *  braces. Values are inserted as they are; braces in them mean nothing. */
import { CorpusError, shortly } from './corpus-error.js';

export type Rendered = { text: string } | { problem: string };

export interface Template {
  /** The columns that the template needs, each once, in order of appearance. */
  columns: readonly string[];
  /** The text column must hold a string; other columns may hold numbers and booleans. A text that is blank, or not
   *  Unicode, is a problem. */
  render(values: Record<string, unknown>): Rendered;
}

type Part = { literal: string } | { column: string };

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Throws CorpusError on a template that can't be read or names no column. */
export function compileTemplate(template: string, textColumn: string): Template {
  const parts = parseTemplate(template).map((part) =>
    'column' in part && part.column === 'text' ? { column: textColumn } : part,
  );
  const columns = [...new Set(parts.flatMap((part) => ('column' in part ? [part.column] : [])))];
  if (columns.length === 0) {
    throw templateError(template, 'the template names no column', 'Write {text} where the text belongs');
  }
  return {
    columns,
    render(values) {
      const cells = new Map<string, string>();
      for (const column of columns) {
        const cell = readCell(Object.hasOwn(values, column) ? values[column] : undefined, column === textColumn);
        if (typeof cell !== 'string') return { problem: `its column "${column}" ${cell.problem}` };
        cells.set(column, cell);
      }
      if (isBlank(cells, textColumn)) return { problem: 'its text is empty' };
      const text = parts.map((part) => ('column' in part ? cells.get(part.column) : part.literal)).join('');
      return LONE_SURROGATE.test(text) ? { problem: 'its text is not valid Unicode' } : { text };
    },
  };
}

/** The text of one row. Throws CorpusError where compileTemplate does, on a missing column and on a problem. */
export function renderText(template: string, values: Record<string, unknown>, textColumn: string): string {
  const { columns, render } = compileTemplate(template, textColumn);
  const missing = columns.find((column) => !Object.hasOwn(values, column));
  if (missing !== undefined) {
    const present = Object.keys(values).join(', ');
    throw templateError(template, `there is no column "${missing}"; the columns are: ${present}`, 'Name one of them');
  }
  const rendered = render(values);
  if ('text' in rendered) return rendered.text;
  throw templateError(template, `the row can't be used: ${rendered.problem}`, 'Mend the row');
}

/** Columns that a template names, each once, as written: "text" stands for the text column.
 *  Throws CorpusError on a template that can't be read. */
export function templateColumns(template: string): string[] {
  return [...new Set(parseTemplate(template).flatMap((part) => ('column' in part ? [part.column] : [])))];
}

function parseTemplate(template: string): Part[] {
  const parts: Part[] = [];
  for (const [token] of template.matchAll(/\{\{|\}\}|\{[^{}]+\}|[{}]|[^{}]+/g)) {
    if (token === '{' || token === '}') {
      throw templateError(
        template,
        `a "${token}" stands alone`,
        `Write {column} for a value, ${token}${token} for a brace`,
      );
    }
    if (token === '{{' || token === '}}') parts.push({ literal: token.slice(1) });
    else if (token.startsWith('{')) parts.push({ column: token.slice(1, -1) });
    else parts.push({ literal: token });
  }
  return parts;
}

function readCell(value: unknown, mustBeText: boolean): string | { problem: string } {
  if (typeof value === 'string') return value;
  if (value === undefined) return { problem: 'is missing' };
  if (value === null) return { problem: 'is null' };
  if (typeof value === 'object') return { problem: 'holds an object, not a string' };
  if (mustBeText) return { problem: `holds a ${typeof value}, not a string` };
  return String(value);
}

/** The text column decides, if the template uses it; else a row is blank when all its columns are. */
function isBlank(cells: ReadonlyMap<string, string>, textColumn: string): boolean {
  const text = cells.get(textColumn);
  return (text === undefined ? [...cells.values()] : [text]).every((cell) => cell.trim() === '');
}

function templateError(template: string, problem: string, mend: string): CorpusError {
  return new CorpusError({
    field: 'task.text',
    path: null,
    problem: `in the template ${shortly(template)} ${problem}`,
    mend,
  });
}
