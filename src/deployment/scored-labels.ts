/** Answers in the shape of the Hugging Face Hub's text classification, and as cells of a table. */
import type { AddedColumns } from '../contracts/index.js';

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

/** The cells of a row's answer, under their columns. answer: best label first. */
export function answerCells(answer: readonly ScoredLabel[], added: AddedColumns): Record<string, unknown> {
  const [best] = answer;
  const cells: Record<string, unknown> = { [added.label]: best?.label, [added.score]: best?.score };
  if (added.scores !== null) cells[added.scores] = Object.fromEntries(answer.map(({ label, score }) => [label, score]));
  return cells;
}
