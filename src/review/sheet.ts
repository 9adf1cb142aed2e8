/** A review file: what people fill in outside of Tutelage. One of the fix queue shows the teacher's label; one of the
 *  audit hides it, and has no column for it. */
import type { Label, ReviewDecision, ReviewRow } from '../contracts/index.js';

/** adjudication: rows that people decided differently about, with what each of them says. */
export type Purpose = ReviewDecision['purpose'] | 'adjudication';

/** What is given to people: as a file, or to a tool of theirs. */
export interface Handout {
  readonly purpose: Purpose;
  readonly rows: readonly ReviewRow[];
  readonly labels: readonly Label[];
  /** How to decide; empty: nothing is said of it. */
  readonly guideline: string;
}

/** One person's answer about a text. */
export interface Answer {
  /** null: whoever hands in the file. */
  readonly reviewer: string | null;
  readonly value: unknown;
  /** Where it stands, for people. */
  readonly place: string;
}

export interface SheetRow {
  readonly values: Readonly<Record<string, unknown>>;
  /** Oldest first, one a person; what is empty decides nothing. */
  readonly answers: readonly Answer[];
  /** Where a column's cell is, for people: "cell D5", "line 5, decision", "[4].data.text". */
  cellName(column: string): string;
  /** Columns whose cell holds a formula. */
  readonly formulas: readonly string[];
  /** What makes the row unreadable; null: nothing. */
  readonly problem: string | null;
}

/** A review file that came back. */
export interface Sheet {
  readonly columns: readonly string[];
  readonly rows: readonly SheetRow[];
}

/** One row under the columns of its purpose. */
export type SheetCells = Record<string, string | number>;

/** The only column that people fill in. */
export const DECISION = 'decision';
/** Tells the two kinds of files apart. */
export const TEACHER_LABEL = 'label';

export function sheetColumns(purpose: Purpose): string[] {
  if (purpose === 'fix') return ['id', 'doubt', TEACHER_LABEL, DECISION, 'text', 'why', 'votes'];
  return ['id', DECISION, 'text', ...(purpose === 'adjudication' ? ['why'] : [])];
}

export function sheetCells(row: ReviewRow, purpose: Purpose): SheetCells {
  const shown = { id: idInCell(row.id), [DECISION]: '', text: cellText(row.text) };
  if (purpose === 'audit') return shown;
  if (purpose === 'adjudication') return { ...shown, why: cellText(row.why.join('; ')) };
  return {
    ...shown,
    doubt: Math.round(1000 * row.doubt) / 1000,
    [TEACHER_LABEL]: row.label ?? '',
    why: cellText(row.why.join('; ')),
    votes: cellText(votesInWords(row)),
  };
}

/** A line a vote. */
export function votesInWords({ votes }: Pick<ReviewRow, 'votes'>): string {
  return votes.map(({ label, reason }) => `${label ?? 'unreadable'}${reason ? `: ${reason}` : ''}`).join('\n');
}

/** A text as a cell can hold it: tabs, which LibreOffice's own format loses, are spaces; what would be a formula begins with
 *  an apostrophe; the end is cut from where Excel's longest cell does. */
export function cellText(text: string): string {
  const clean = plainText(text).replaceAll('\t', ' ');
  const harmless = /^[\s]*[=+\-@]/.test(clean) ? `'${clean}` : clean;
  return harmless.length <= LONGEST_CELL
    ? harmless
    : `${harmless.slice(0, LONGEST_CELL).replace(/\p{Surrogate}$/u, '')}…`;
}

/** An id as a cell holds it, and as it is recognised again. */
export function idInCell(id: unknown): string {
  return cellText(String(id ?? '')).trim();
}

/** Control characters, what is no character and halves of characters, which XML has no words for and databases refuse, are
 *  spaces. */
export function plainText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f\ufffd]|\p{Surrogate}|\p{Noncharacter_Code_Point}/gu, ' ');
}

/** Whether a cell still shows the text, but for what spreadsheets change by themselves: space, characters that
 *  can't be seen, and the apostrophe. */
export function showsText(cell: unknown, text: string): boolean {
  const bare = (shown: string) =>
    shown
      .replace(/[\s\p{C}]+/gu, ' ')
      .trim()
      .replace(/^'/, '')
      .trim();
  return bare(cellText(String(cell ?? ''))) === bare(cellText(text));
}

const LONGEST_CELL = 32_000;
