/** What a review file that comes back decides, or all that is wrong with it. */
import { FailureType, type Label, nearest, type ReviewDecision, type ReviewRow } from '../contracts/index.js';
import { matchLabel } from '../corpus/index.js';
import { type Answer, DECISION, idInCell, type Sheet, showsText, TEACHER_LABEL } from './sheet.js';

/** A review file can't be taken; nothing of it was. */
export class ReviewFileError extends Error {
  override readonly name = 'ReviewFileError';
  readonly type = FailureType.InvalidInput;
  /** problems: each names its cell. */
  constructor(
    readonly problems: readonly string[],
    readonly path: string,
  ) {
    const more = problems.length > NAMED ? `; and ${problems.length - NAMED} more` : '';
    super(`${path}: nothing was taken over: ${problems.slice(0, NAMED).join('; ')}${more}`);
  }
}

export interface CheckedSheet {
  /** In the order in which they were taken: a later one about the same text counts. */
  readonly decisions: readonly Pick<ReviewDecision, 'key' | 'id' | 'label' | 'purpose' | 'reviewer' | 'adjudicates'>[];
  /** Rows that nobody decided on. */
  readonly undecided: number;
}

export interface SheetToCheck {
  readonly sheet: Sheet;
  readonly path: string;
  readonly labels: readonly Label[];
  /** The run's texts, at least those that the sheet names, by id as a cell holds it. */
  readonly known: ReadonlyMap<string, Pick<ReviewRow, 'key' | 'id' | 'text'>>;
  /** Keys of the audit; a file without the teacher's labels may hold no others. */
  readonly auditKeys: ReadonlySet<string>;
  /** Who hands in the file. */
  readonly reviewer: string;
  /** Decisions that count so far, by key: to decide otherwise than another person did needs `replace`. */
  readonly standing: ReadonlyMap<string, Pick<ReviewDecision, 'label' | 'reviewer'>>;
  readonly replace: boolean;
  /** The decisions settle what people decided differently. */
  readonly adjudicate: boolean;
}

/** Throws ReviewFileError with every problem that there is: unknown labels, changed texts, missing, unknown or repeated ids,
 *  formulas, and decisions that contradict another person's. */
export function checkSheet(check: SheetToCheck): CheckedSheet {
  const { sheet, path } = check;
  const missing = ['id', 'text', DECISION].filter((column) => !sheet.columns.includes(column));
  if (missing.length > 0) {
    const has = sheet.columns.length === 0 ? 'no column' : sheet.columns.map(shown).join(', ');
    const which = missing.length === 1 ? `the column ${missing[0]} is` : `the columns ${missing.join(', ')} are`;
    throw new ReviewFileError([`${which} missing; it has ${has}`], path);
  }
  // In the adjudication a text is of the audit if it was drawn for it.
  const hidden = !sheet.columns.includes(TEACHER_LABEL);
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
    const id = idInCell(row.values.id);
    const earlier = seen.get(id);
    const text = check.known.get(id);
    if (id === '') problems.push(`${at('id')} has no id`);
    else if (earlier !== undefined) problems.push(`${at('id')} repeats the id of ${earlier}`);
    else if (text === undefined) problems.push(`${at('id')} is not the id of a text of this run`);
    else if (hidden && !check.adjudicate && !check.auditKeys.has(text.key))
      problems.push(`${at('id')} is not in the audit`);
    else if (!showsText(row.values.text, text.text)) problems.push(`${at('text')} is not the text that was exported`);
    seen.set(id, at('id'));
    const given: (Answer & { label: string })[] = [];
    for (const answer of row.answers) {
      if (answer.value === null || answer.value === undefined || String(answer.value).trim() === '') continue;
      const label = matchLabel(answer.value, check.labels);
      if (label === undefined) problems.push(`${answer.place} is none of the labels: ${unknown(answer.value, check)}`);
      else given.push({ ...answer, label });
    }
    if (given.length === 0) undecided++;
    if (text === undefined) continue;
    for (const { reviewer: named, label, place } of given) {
      const reviewer = named ?? check.reviewer;
      // Of an audit everybody's own opinion is wanted: where they differ, somebody adjudicates.
      const other = hidden ? null : otherwise({ reviewer, label }, given, text.key, check);
      const purpose = hidden && check.auditKeys.has(text.key) ? 'audit' : 'fix';
      const adjudicates = check.adjudicate ? { adjudicates: true } : {};
      if (other === null) decisions.push({ key: text.key, id: text.id, label, purpose, reviewer, ...adjudicates });
      else
        problems.push(
          `${place} says ${label}, and ${other.reviewer} decided ${other.label} (--replace takes ${given.length > 1 ? 'the latest' : 'yours'})`,
        );
    }
  }
  if (problems.length > 0) throw new ReviewFileError(problems, path);
  return { decisions, undecided };
}

function unknown(value: Answer['value'], { labels }: SheetToCheck): string {
  const names = labels.map(({ name }) => name);
  const guess = nearest(String(value), names);
  return guess === null ? shown(value) : `${shown(value)} (did you mean ${shown(guess)}?)`;
}

/** Another person's different decision, in the file or standing, that stops this one; null: nothing does. */
function otherwise(
  own: { reviewer: string; label: string },
  given: readonly (Answer & { label: string })[],
  key: string,
  { replace, reviewer, standing }: SheetToCheck,
): { reviewer: string; label: string } | null {
  if (replace) return null;
  const others = given.map((answer) => ({ reviewer: answer.reviewer ?? reviewer, label: answer.label }));
  const stands = standing.get(key);
  if (stands !== undefined) others.push(stands);
  return others.find((other) => other.reviewer !== own.reviewer && other.label !== own.label) ?? null;
}

const NAMED = 20;
const SHOWN_LENGTH = 40;

function shown(value: unknown): string {
  const text = JSON.stringify(String(value));
  return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}…`;
}
