/** How many more labels the audit takes to the next bound. */
import { mostWrong } from '../error-bound.js';
import type { AuditState } from './page-api.js';

export interface AuditedSoFar {
  readonly population: number;
  readonly sampled: number;
  readonly wrong: number;
  readonly confidence: number;
}

/** Shares of wrong labels that people want to hear of. */
const GOALS = [0.1, 0.05, 0.02, 0.01];
/** Of more labels than these the number needed hardly depends on how many there are. */
const MANY = 20_000;

export class AuditGoals {
  private last: { readonly of: string; readonly next: AuditState['next'] } | null = null;

  /** The first share that more labels without an error would show; null: not even all that are left do. Computed anew only
   *  when the audit has gone on. Corrections meanwhile are not foreseen. */
  next(audited: AuditedSoFar): AuditState['next'] {
    const of = JSON.stringify(audited);
    if (this.last?.of !== of) this.last = { of, next: nextGoal(audited) };
    return this.last.next;
  }
}

function nextGoal({ confidence, population, sampled, wrong }: AuditedSoFar): AuditState['next'] {
  const many = Math.min(population, Math.max(MANY, 10 * sampled));
  const shown = (size: number) => mostWrong({ population: many, sampled: size, wrong }, confidence) / many;
  const now = shown(sampled);
  const least = shown(many);
  const share = GOALS.find((goal) => goal < now && goal >= least);
  if (share === undefined) return null;
  let [tooFew, enough] = [sampled, many];
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (shown(middle) <= share) enough = middle;
    else tooFew = middle;
  }
  return { share, more: enough - sampled };
}
