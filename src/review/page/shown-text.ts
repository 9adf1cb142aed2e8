/** How much of a text goes to the browser at once. */
import type { PageRow } from './page-api.js';

const LONGEST_TEXT = 20_000;
const LONGEST_REASON = 4_000;

/** The row with its text and the reasons cut off where they are very long. */
export function clippedRow(row: PageRow): PageRow {
  const { teacher, text } = row;
  return {
    ...row,
    text: clipped(text, LONGEST_TEXT),
    teacher: teacher && {
      ...teacher,
      votes: teacher.votes.map((vote) => ({ ...vote, reason: vote.reason && clipped(vote.reason, LONGEST_REASON) })),
    },
  };
}

/** Never in the middle of a character. */
export function clipped(text: string, longest: number): string {
  return text.length <= longest ? text : text.slice(0, longest).replace(/[\ud800-\udbff]$/, '');
}
