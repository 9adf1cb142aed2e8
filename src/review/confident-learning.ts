/** Which labels an opinion that has not seen them contradicts: the rules of confident learning (Northcutt, Jiang and
 *  Chuang, "Confident Learning", JAIR 2021), as the Python package cleanlab applies them. */

/** Per label, how sure the opinion is of it on the texts that carry it, on average: the bar from which it counts as named.
 *  1 for a label that no text carries. */
export class ConfidentThresholds {
  private readonly sums: number[];
  private readonly counts: number[];

  constructor(labels: number) {
    this.sums = new Array(labels).fill(0);
    this.counts = new Array(labels).fill(0);
  }

  /** probabilities: out of fold, by the labels' numbers. */
  add(label: number, probabilities: readonly number[]): void {
    this.sums[label] = this.sums[label]! + probabilities[label]!;
    this.counts[label] = this.counts[label]! + 1;
  }

  values(): number[] {
    return this.sums.map((sum, label) => (this.counts[label] === 0 ? 1 : sum / this.counts[label]!));
  }
}

/** The label that the opinion names with confidence: the likeliest of those that reach their thresholds; null: none does. */
export function confidentLabel(probabilities: readonly number[], thresholds: readonly number[]): number | null {
  let best: number | null = null;
  for (const [label, probability] of probabilities.entries()) {
    if (probability < thresholds[label]! - ROUNDING) continue;
    if (best === null || probability > probabilities[best]!) best = label;
  }
  return best;
}

/** The likeliest of the other labels. */
export function likeliestOther(probabilities: readonly number[], label: number): number {
  let best = label === 0 ? 1 : 0;
  for (const [other, probability] of probabilities.entries()) {
    if (other !== label && probability > probabilities[best]!) best = other;
  }
  return best;
}

/** Thresholds are means, which rounding may put above all that they are of. As in cleanlab. */
const ROUNDING = 1e-6;
