/** Agreement of the votes beyond chance. */

export interface Alpha {
  /** Adds the votes about one text, or about so many with the same votes; null: unreadable. */
  add(votes: readonly (string | null)[], times?: number): void;
  /** Alpha of all that was added: 1 for perfect agreement, 0 for chance, below 0 for less than chance. null where it is
   *  not defined: no text has two readable votes, or all such votes name one label. */
  value(): number | null;
}

/**
 * Krippendorff's alpha for nominal data with missing values (Krippendorff, Content Analysis, 3rd ed. 2013, chapter 12),
 * in memory of one number a label however many texts are added. Nominal data needs only the coincidence matrix's
 * margins and the weight off its diagonal. `add` throws RangeError for a label that is not one of the labels.
 */
export function createAlpha(labels: readonly string[]): Alpha {
  const margins = new Map(labels.map((label) => [label, 0]));
  let disagreeing = 0;

  return {
    add(votes, times = 1) {
      const counts = new Map<string, number>();
      for (const label of votes) {
        if (label === null) continue;
        if (!margins.has(label)) {
          throw new RangeError(`a vote for "${label}", which is not a label: ${labels.join(', ')}`);
        }
        counts.set(label, (counts.get(label) ?? 0) + 1);
      }
      const readable = sum(counts.values());
      if (readable < 2) return;
      for (const [label, count] of counts) {
        margins.set(label, (margins.get(label) ?? 0) + times * count);
        disagreeing += (times * count * (readable - count)) / (readable - 1);
      }
    },
    value() {
      const pairable = sum(margins.values());
      let disagreeingByChance = 0;
      for (const margin of margins.values()) disagreeingByChance += margin * (pairable - margin);
      if (disagreeingByChance === 0) return null;
      return 1 - ((pairable - 1) * disagreeing) / disagreeingByChance;
    },
  };
}

/** Alpha of units that are all at hand: one list of votes a text, null where a vote is missing. */
export function krippendorffAlpha(units: readonly (readonly (string | null)[])[]): number | null {
  const labels = new Set(units.flat().filter((label) => label !== null));
  const alpha = createAlpha([...labels]);
  for (const votes of units) alpha.add(votes);
  return alpha.value();
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
