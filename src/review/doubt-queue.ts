/** The order of the fix queue: labels that another tool finds suspicious, the worst of them first, then by doubt. */
import type { ReviewRow, SecondOpinion } from '../contracts/index.js';

/** How many of the texts people are asked to look at: a tenth of them held over 70 % of the errors (docs/review.md). */
export function suggestedFixes(texts: number): number {
  return Math.max(1, Math.round(0.1 * texts));
}

export class DoubtQueue {
  private readonly suspicious: { row: ReviewRow; quality: number }[] = [];
  private readonly ranked: ReviewRow[] = [];

  /** opinions: of another tool, by the texts' keys. */
  constructor(private readonly opinions: ReadonlyMap<string, SecondOpinion>) {}

  /** Rows that no other tool doubts. */
  get length(): number {
    return this.ranked.length;
  }

  /** Rows come in the order of their doubt. hasRoom: whether one that no other tool doubts is taken. Returns the row as it
   *  is shown, or null. */
  add(row: ReviewRow, hasRoom: boolean): ReviewRow | null {
    const opinion = this.opinions.get(row.key);
    if (opinion?.suspicious) {
      const suggested = opinion.suggests === null ? 'doubts it' : `would say ${opinion.suggests}`;
      const why = `${opinion.tool} ${suggested} (quality of the label: ${opinion.quality.toFixed(2)})`;
      const shown = { ...row, why: [why, ...row.why] };
      this.suspicious.push({ row: shown, quality: opinion.quality });
      return shown;
    }
    if (!hasRoom) return null;
    this.ranked.push(row);
    return row;
  }

  rows(): ReviewRow[] {
    const first = this.suspicious.toSorted((a, b) => a.quality - b.quality);
    return [...first.map(({ row }) => row), ...this.ranked];
  }
}
