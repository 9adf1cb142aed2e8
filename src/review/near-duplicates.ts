/** Texts that say the same: they should have the same label. */

/** Counts the labels of texts by what is left of them without numbers, case, punctuation and the order of words. */
export class NearDuplicates {
  private readonly labelsOf = new Map<string, Map<string, number>>();

  add(text: string, label: string): void {
    const signature = signatureOf(text);
    const counts = this.labelsOf.get(signature) ?? new Map<string, number>();
    counts.set(label, (counts.get(label) ?? 0) + 1);
    this.labelsOf.set(signature, counts);
  }

  /** Near-duplicates of a text that was added with `label`: how many have another label, and how many the same. */
  of(text: string, label: string): { other: number; same: number } {
    const counts = this.labelsOf.get(signatureOf(text)) ?? new Map<string, number>();
    let other = 0;
    for (const [name, count] of counts) if (name !== label) other += count;
    return { other, same: (counts.get(label) ?? 1) - 1 };
  }
}

/** How many of the texts have a near-duplicate among others. Holds what is left of these texts alone. */
export async function countNearDuplicates(
  texts: readonly string[],
  others: AsyncIterable<{ readonly text: string }>,
): Promise<number> {
  const signatures = texts.map(signatureOf);
  const wanted = new Set(signatures);
  const found = new Set<string>();
  for await (const { text } of others) {
    const signature = signatureOf(text);
    if (wanted.has(signature)) found.add(signature);
  }
  return signatures.filter((signature) => found.has(signature)).length;
}

function signatureOf(text: string): string {
  const words = text
    .normalize('NFKC')
    .toLowerCase()
    .match(/\p{L}+/gu);
  // A text without a letter is like itself only.
  return words === null ? text : [...new Set(words)].sort().join(' ');
}
