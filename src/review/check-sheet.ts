/** What a review file that comes back decides, or all that is wrong with it. */
import type { Label, ReviewDecision, ReviewRow } from '../contracts/index.js';
import { matchLabel } from '../corpus/index.js';
import type { Sheet } from './read-sheet.js';
import { DECISION, type Purpose, showsText, TEACHER_LABEL } from './sheet.js';

/** A review file can't be taken; nothing of it was. */
export class ReviewFileError extends Error {
  override readonly name = 'ReviewFileError';
  /** problems: each names its cell. */
  constructor(
    readonly problems: readonly string[],
    readonly path: string,
  ) {
    const more = problems.length > NAMED ? `; and ${problems.length - NAMED} more` : '';
    super(`${path}: nothing was taken over, as ${problems.slice(0, NAMED).join('; ')}${more}`);
  }
}

export interface CheckedSheet {
  readonly purpose: Purpose;
  readonly decisions: readonly Pick<ReviewDecision, 'key' | 'id' | 'label' | 'purpose'>[];
  /** Rows whose decision is empty. */
  readonly undecided: number;
}

export interface SheetToCheck {
  readonly sheet: Sheet;
  readonly path: string;
  readonly labels: readonly Label[];
  /** The run's texts, at least those that the sheet names, by id. */
  readonly known: ReadonlyMap<string, Pick<ReviewRow, 'key' | 'id' | 'text'>>;
  /** Keys of the audit; a file without the teacher's labels may hold no others. */
  readonly auditKeys: ReadonlySet<string>;
  /** Decisions of other people, by key: to decide otherwise than they did needs `replace`. */
  readonly othersDecisions: ReadonlyMap<string, Pick<ReviewDecision, 'label' | 'reviewer'>>;
  readonly replace: boolean;
}

/** Throws ReviewFileError with every problem that there is: unknown labels, changed texts, missing, unknown or repeated ids,
 *  formulas, and decisions that contradict another person's. */
export function checkSheet(check: SheetToCheck): CheckedSheet {
  const { sheet, path } = check;
  const missing = ['id', 'text', DECISION].filter((column) => !sheet.columns.includes(column));
  if (missing.length > 0) throw new ReviewFileError([`the columns ${missing.join(', ')} are missing`], path);
  const purpose: Purpose = sheet.columns.includes(TEACHER_LABEL) ? 'fix' : 'audit';
  const problems: string[] = [];
  const decisions: CheckedSheet['decisions'][number][] = [];
  const seen = new Map<string, string>();
  let undecided = 0;
  for (const row of sheet.rows) {
    if (row.problem !== null) problems.push(row.problem);
    const at = (column: string) => row.cellName(column);
    const read = ['id', 'text', DECISION].filter((column) => row.formulas.includes(column));
    // What looks like a formula in a text of a CSV file may be the text itself.
    const computed = read.filter((column) => column !== 'text' || at(column).startsWith('cell'));
    for (const column of computed) problems.push(`${at(column)} holds a formula`);
    if (row.problem !== null || computed.length > 0) continue;
    const id = String(row.values.id ?? '').trim();
    const earlier = seen.get(id);
    const text = check.known.get(id);
    if (id === '') problems.push(`${at('id')} has no id`);
    else if (earlier !== undefined) problems.push(`${at('id')} repeats the id of ${earlier}`);
    else if (text === undefined) problems.push(`${at('id')} is not the id of a text of this run`);
    else if (purpose === 'audit' && !check.auditKeys.has(text.key)) problems.push(`${at('id')} is not in the audit`);
    else if (!showsText(row.values.text, text.text)) problems.push(`${at('text')} is not the text that was exported`);
    seen.set(id, at('id'));
    const value = row.values[DECISION];
    if (value === null || value === undefined || String(value).trim() === '') {
      undecided++;
      continue;
    }
    const label = matchLabel(value, check.labels);
    if (label === undefined) problems.push(`${at(DECISION)} is none of the labels: ${shown(value)}`);
    else if (text !== undefined) {
      const other = check.othersDecisions.get(text.key);
      if (other !== undefined && other.label !== label && !check.replace) {
        problems.push(
          `${at(DECISION)} says ${label}, and ${other.reviewer} decided ${other.label} (--replace takes yours)`,
        );
      } else decisions.push({ key: text.key, id: text.id, label, purpose });
    }
  }
  if (problems.length > 0) throw new ReviewFileError(problems, path);
  return { purpose, decisions, undecided };
}

const NAMED = 20;
const SHOWN_LENGTH = 40;

function shown(value: unknown): string {
  const text = JSON.stringify(String(value));
  return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}…`;
}
