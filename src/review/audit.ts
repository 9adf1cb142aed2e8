/** The audit: labels drawn at random, which nobody picks from, and what they certify. */
import type { Audit, Certificate, ReviewDecision, ReviewRow } from '../contracts/index.js';
import { seededFraction } from '../voting/index.js';
import { auditSize, mostWrong } from './error-bound.js';

/** More are not looked at one by one; the sequence is kept to here. */
export const LONGEST_AUDIT = 20_000;

export interface AuditDraw {
  readonly rows: AsyncIterable<Pick<ReviewRow, 'key' | 'label'>>;
  /** Keys of texts that a person has decided on: their labels are no longer the teacher's. */
  readonly decided: ReadonlyMap<string, unknown>;
  /** The run's seed, and its folder: another run draws other texts. */
  readonly seed: number;
  readonly runFolder: string;
  readonly reviewer: string;
  readonly at: Date;
}

/** A simple random sample, without replacement, of the teacher's labels that nobody has looked at. */
export async function drawAudit({ rows, decided, seed, runFolder, reviewer, at }: AuditDraw): Promise<Audit> {
  const drawn: { key: string; place: number }[] = [];
  let population = 0;
  for await (const { key, label } of rows) {
    if (label === null || decided.has(key)) continue;
    population++;
    drawn.push({ key, place: seededFraction(seed, 'audit', runFolder, key) });
    if (drawn.length >= 2 * LONGEST_AUDIT) keepFirst(drawn);
  }
  keepFirst(drawn);
  return {
    drawnBy: reviewer,
    drawnAt: at.toISOString(),
    population,
    keys: drawn.map(({ key }) => key),
    decidedBefore: [...decided.keys()],
  };
}

/** How many texts of an audit are kept for it in any case. Time linear in its population. */
export function usualAuditSize({ population }: Audit, confidence: number): number {
  return auditSize(population, KEPT_BOUND, confidence);
}

/** Keys of the audit that are kept for it: the usual number, and some behind the last one decided. The others of its
 *  sequence may be fixed meanwhile: when their turn comes, they have a person's label already. */
export function keptForAudit(
  audit: Audit,
  decisions: ReadonlyMap<string, Pick<ReviewDecision, 'purpose'>>,
  usual: number,
): ReadonlySet<string> {
  const last = audit.keys.findLastIndex((key) => decisions.get(key)?.purpose === 'audit');
  return new Set(audit.keys.slice(0, Math.max(usual, last + 1 + KEPT_AHEAD)));
}

/** Share of wrong labels that the kept texts show at most, if none is wrong. */
const KEPT_BOUND = 0.02;
const KEPT_AHEAD = 50;

export interface Audited {
  readonly audit: Audit;
  readonly decisions: ReadonlyMap<string, Pick<ReviewDecision, 'label' | 'purpose'>>;
  /** Texts about which people differ, and nobody has adjudicated. */
  readonly disputed: ReadonlySet<string>;
  /** The teacher's label of each text in the audit or with a decision; texts of decisions that had none are missing. */
  readonly teacherLabels: ReadonlyMap<string, string>;
  /** Labels that are shipped, people's among them. */
  readonly labels: number;
  readonly confidence: number;
}

/**
 * What is certain of the shipped labels, if people's labels are right. The audit counts up to the last of its texts that was
 * decided as part of it, a text before it that was passed over as wrong; or only up to the first that is open, where that shows
 * less, as while several people are at work on it. The bound holds after all texts at once, whichever is taken. A text about
 * which people differ counts as wrong, whatever label it has. People's other corrections since the audit was drawn take their errors out of its population. null:
 * nothing was decided.
 */
export function certify({
  audit,
  decisions,
  disputed,
  teacherLabels,
  labels,
  confidence,
}: Audited): Certificate | null {
  const last = 1 + audit.keys.findLastIndex((key) => decisions.get(key)?.purpose === 'audit');
  if (last === 0) return null;
  const open = audit.keys.slice(0, last).findIndex((key) => !decisions.has(key));
  const after = (sampled: number) => {
    const isWrong = (key: string) => disputed.has(key) || decisions.get(key)?.label !== teacherLabels.get(key);
    const wrong = audit.keys.slice(0, sampled).filter(isWrong).length;
    return { sampled, wrong, most: mostWrong({ population: audit.population, sampled, wrong }, confidence) };
  };
  const whole = after(last);
  const before = open <= 0 ? whole : after(open);
  const { most, sampled, wrong } = before.most < whole.most ? before : whole;
  let corrected = 0;
  const decidedBefore = new Set(audit.decidedBefore);
  for (const [key, { label }] of decisions) {
    const teacherLabel = teacherLabels.get(key);
    const isSettled = teacherLabel !== undefined && !disputed.has(key);
    if (isSettled && !decidedBefore.has(key) && label !== teacherLabel) corrected++;
  }
  const left = Math.max(0, most - corrected);
  return {
    labels,
    population: audit.population,
    sampled,
    wrong,
    mostWrong: left,
    mostWrongShare: labels === 0 ? 0 : left / labels,
    confidence,
  };
}

function keepFirst(drawn: { key: string; place: number }[]): void {
  drawn.sort((a, b) => a.place - b.place);
  drawn.length = Math.min(drawn.length, LONGEST_AUDIT);
}
