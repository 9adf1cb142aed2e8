/** What of a row and of the audit goes to the browser. */
import type { Audit, Certificate, ReviewDecision, ReviewRow, RowsQuery } from '../../contracts/index.js';
import { mostWrong } from '../error-bound.js';
import type { AuditState, PageRow } from './page-api.js';

const LONGEST_TEXT = 20_000;
const LONGEST_REASON = 4_000;

/** The row with its text and the reasons cut off where they are very long. */
export function clippedRow(row: PageRow): PageRow {
  const { teacher, text } = row;
  return {
    ...row,
    text: clipped(text, LONGEST_TEXT),
    teacher: teacher && {
      ...teacher,
      votes: teacher.votes.map((vote) => ({ ...vote, reason: vote.reason && clipped(vote.reason, LONGEST_REASON) })),
    },
  };
}

/** Whether a row is among those asked for, by the label that stands. */
export function fits(
  {
    decision,
    opinions,
    row,
  }: {
    row: Pick<ReviewRow, 'id' | 'label' | 'text'>;
    decision: Pick<ReviewDecision, 'label'> | null;
    opinions: ReadonlyMap<string, Pick<ReviewDecision, 'label'>>;
  },
  { label, search, state }: RowsQuery,
): boolean {
  if (state === 'open' && decision !== null) return false;
  if (state === 'decided' && decision === null) return false;
  if (state === 'changed' && (decision === null || decision.label === row.label)) return false;
  if (state === 'differing' && new Set([...opinions.values()].map((opinion) => opinion.label)).size < 2) return false;
  if (label !== undefined && (decision ?? row).label !== (label === '' ? null : label)) return false;
  if (search === undefined || search === '') return true;
  const sought = search.toLowerCase();
  return row.text.toLowerCase().includes(sought) || row.id.toLowerCase().includes(sought);
}

export function auditState(
  audit: Audit,
  {
    certificate,
    confidence,
    decisions,
  }: { decisions: ReadonlyMap<string, ReviewDecision>; certificate: Certificate | null; confidence: number },
): AuditState {
  const { drawnAt, drawnBy, keys, population } = audit;
  const [sampled, wrong] = [certificate?.sampled ?? 0, certificate?.wrong ?? 0];
  return {
    drawnBy,
    drawnAt,
    population,
    length: keys.length,
    decided: keys.filter((key) => decisions.get(key)?.purpose === 'audit').length,
    certificate,
    goals: GOALS.flatMap((share) => {
      const more = labelsMissing({ population, sampled, wrong, confidence, share });
      return more === null || more === 0 ? [] : [{ share, more }];
    }),
  };
}

const GOALS = [0.1, 0.05, 0.02, 0.01];
const MANY = 20_000;

/** How many more labels without an error show that at most this share of the population is wrong; null: not even all do.
 *  Corrections meanwhile are not foreseen. */
function labelsMissing({
  confidence,
  population,
  sampled,
  share,
  wrong,
}: {
  population: number;
  sampled: number;
  wrong: number;
  confidence: number;
  share: number;
}): number | null {
  // Of more labels than these the number needed hardly depends on how many there are.
  const many = Math.min(population, Math.max(MANY, 10 * sampled));
  const shows = (size: number) => mostWrong({ population: many, sampled: size, wrong }, confidence) <= share * many;
  if (!shows(many)) return null;
  let [tooFew, enough] = [sampled - 1, many];
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (shows(middle)) enough = middle;
    else tooFew = middle;
  }
  return enough - sampled;
}

/** Never in the middle of a character. */
function clipped(text: string, longest: number): string {
  return text.length <= longest ? text : text.slice(0, longest).replace(/[\ud800-\udbff]$/, '');
}
