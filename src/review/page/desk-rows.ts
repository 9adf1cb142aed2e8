/** The rows of a review that the page holds in memory: the most doubtful ones, those kept for the audit, and those decided
 *  on. Of all others only counts are kept, so a queue of millions of rows takes no more memory than one of thousands. */
import type { ReviewRow } from '../../contracts/index.js';
import { DoubtQueue } from '../doubt-queue.js';
import type { FoundReview } from '../find-review.js';

/** Most doubtful rows that are held, and the characters of all rows that are. */
const MOST_ROWS = 20_000;
const MOST_CHARACTERS = 64 * 2 ** 20;
/** Rows after which the page can show the first ones. */
const FIRST_ROWS = 200;

export class DeskRows {
  /** Of a queue of so many texts, the rows that are held at most. */
  static mostOf(texts: number): number {
    return Math.min(texts, MOST_ROWS);
  }

  private constructor(
    /** As the fix queue shows them. */
    readonly doubtful: readonly ReviewRow[],
    readonly byKey: ReadonlyMap<string, ReviewRow>,
    /** Texts of each label that the teacher gave, of the whole queue; null: texts without one. */
    readonly perLabel: ReadonlyMap<string | null, number>,
    /** Texts by how far their votes agree. */
    readonly agreement: ReadonlyMap<Agreement, number>,
  ) {}

  /** needed: keys of rows that are held in any case. onFirst: told the most doubtful rows once they are read, where no other
   *  tool has put others before them; the others are read when it resolves. */
  static async load(
    { queue: ranked, review }: FoundReview,
    needed: ReadonlySet<string>,
    onFirst: (rows: DeskRows) => Promise<void> = async () => {},
  ): Promise<DeskRows> {
    const opinions = await review.opinions();
    const queue = new DoubtQueue(opinions);
    const byKey = new Map<string, ReviewRow>();
    const perLabel = new Map<string | null, number>();
    const agreement = new Map<Agreement, number>();
    let characters = 0;
    for await (const row of review.rows(ranked)) {
      perLabel.set(row.label, (perLabel.get(row.label) ?? 0) + 1);
      const how = agreementOf(row);
      agreement.set(how, (agreement.get(how) ?? 0) + 1);
      const shown = queue.add(row, queue.length < MOST_ROWS && characters < MOST_CHARACTERS);
      if (shown !== null || needed.has(row.key)) {
        byKey.set(row.key, shown ?? row);
        characters += row.text.length;
      }
      if (queue.length === FIRST_ROWS && opinions.size === 0) {
        await onFirst(new DeskRows(queue.rows(), new Map(byKey), perLabel, agreement));
      }
    }
    return new DeskRows(queue.rows(), byKey, perLabel, agreement);
  }
}

export const AGREEMENTS = ['all votes', 'most votes', 'half or fewer', 'no label'] as const;
export type Agreement = (typeof AGREEMENTS)[number];

/** How many of the readable votes fell on the label. */
function agreementOf({ label, votes }: ReviewRow): Agreement {
  if (label === null) return 'no label';
  const named = votes.filter((vote) => vote.label !== null).length;
  const agreeing = votes.filter((vote) => vote.label === label).length;
  if (agreeing === named) return 'all votes';
  return agreeing > named / 2 ? 'most votes' : 'half or fewer';
}
