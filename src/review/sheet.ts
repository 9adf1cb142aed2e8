/** A review file: what people fill in outside of Tutelage. One of the fix queue shows the teacher's label; one of the
 *  audit hides it, and has no column for it. */
import type { ReviewDecision, ReviewRow } from '../contracts/index.js';

export type Purpose = ReviewDecision['purpose'];

/** One row under the columns of its purpose. */
export type SheetCells = Record<string, string | number>;

/** The only column that people fill in. */
export const DECISION = 'decision';
/** Tells the two kinds of files apart. */
export const TEACHER_LABEL = 'label';

export function sheetColumns(purpose: Purpose): string[] {
  return purpose === 'fix'
    ? ['id', 'doubt', TEACHER_LABEL, DECISION, 'text', 'why', 'votes']
    : ['id', DECISION, 'text'];
}

export function sheetCells(row: ReviewRow, purpose: Purpose): SheetCells {
  const shown = { id: row.id, [DECISION]: '', text: cellText(row.text) };
  if (purpose === 'audit') return shown;
  const votes = row.votes.map(({ label, reason }) => `${label ?? 'unreadable'}${reason ? `: ${reason}` : ''}`);
  return {
    ...shown,
    doubt: Math.round(1000 * row.doubt) / 1000,
    [TEACHER_LABEL]: row.label ?? '',
    why: cellText(row.why.join('; ')),
    votes: cellText(votes.join('\n')),
  };
}

/** A text as a cell can hold it: control characters and halves of characters, which XML has no words for, are spaces; what would be a formula begins
 *  with an apostrophe; the end is cut from where Excel's longest cell does. */
export function cellText(text: string): string {
  const clean = text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f\ufffd-\uffff]|\p{Surrogate}/gu, ' ');
  const harmless = /^[\s]*[=+\-@]/.test(clean) ? `'${clean}` : clean;
  return harmless.length <= LONGEST_CELL
    ? harmless
    : `${harmless.slice(0, LONGEST_CELL).replace(/\p{Surrogate}$/u, '')}…`;
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
