/** Answers in the shape of the Hugging Face Hub's text classification. */

export interface ScoredLabel {
  readonly label: string;
  /** Probability, 0 to 1. */
  readonly score: number;
}

/** Labels of one text with their probabilities, best first; top: at most so many, null: all. */
export function scoredLabels(
  labels: readonly string[],
  probabilities: readonly number[],
  top: number | null,
): ScoredLabel[] {
  return probabilities
    .map((score, index) => ({ label: labels[index]!, score }))
    .sort((a, b) => b.score - a.score)
    .slice(0, top ?? probabilities.length);
}
