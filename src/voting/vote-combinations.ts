/** Texts by their votes: those with the same votes are one, so that memory and time go by the combinations that occur, which are few
 *  whatever the number of texts. */

/** By annotator; null: no readable vote. */
export type Votes = readonly (string | null)[];

export interface Combination {
  readonly votes: Votes;
  /** Texts that have them. */
  times: number;
}

export class VoteCombinations {
  private readonly byVotes = new Map<string, Combination>();

  add(votes: Votes): Combination {
    const key = JSON.stringify(votes);
    let combination = this.byVotes.get(key);
    if (combination === undefined) {
      combination = { votes, times: 0 };
      this.byVotes.set(key, combination);
    }
    combination.times++;
    return combination;
  }

  /** In the order of their first text. */
  get all(): Combination[] {
    return [...this.byVotes.values()];
  }
}
