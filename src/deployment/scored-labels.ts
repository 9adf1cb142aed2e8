/** Answers in the shape of the Hugging Face Hub's text classification, and as cells of a table. */
import type { AddedColumns } from '../contracts/index.js';
import type { Student } from '../students/index.js';

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

/** Labels of each text with their scores, best first; top: at most so many. */
export async function predictTexts(
  student: Student,
  texts: readonly string[],
  top: number | null,
): Promise<ScoredLabel[][]> {
  if (texts.length === 0) return [];
  const answers = await student.predict(texts);
  return answers.map((scores) => scoredLabels(student.labels, scores, top));
}

/** The rows with the answers about their texts in the columns that are added. */
export async function answeredRows(
  student: Student,
  rows: readonly { readonly text: string; readonly values: Record<string, unknown> }[],
  { added, top }: { readonly added: AddedColumns; readonly top: number | null },
): Promise<Record<string, unknown>[]> {
  const texts = rows.map(({ text }) => text);
  const answers = await predictTexts(student, texts, top);
  return rows.map(({ values }, index) => ({ ...values, ...answerCells(answers[index]!, added) }));
}

/** The cells of a row's answer, under their columns. answer: best label first. */
function answerCells(answer: readonly ScoredLabel[], added: AddedColumns): Record<string, unknown> {
  const [best] = answer;
  const cells: Record<string, unknown> = { [added.label]: best?.label, [added.score]: best?.score };
  if (added.scores !== null) cells[added.scores] = Object.fromEntries(answer.map(({ label, score }) => [label, score]));
  return cells;
}
