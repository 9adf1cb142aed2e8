/** A review in a store of its own, ready to be handed out. */
import { randomUUID } from 'node:crypto';
import type { Label, ReviewRow } from '../../src/contracts/index.js';
import { ReviewFolder } from '../../src/review/index.js';
import { type Store, workflowFolder } from '../../src/store/index.js';

export const LABELS: Label[] = [
  { name: 'good, better', description: 'A comma & "quotes" <here>.', aliases: ['1'] },
  { name: 'bad', description: '', aliases: [] },
];
export const AT = new Date('2026-01-02T03:04:05Z');

export const HOSTILE = [
  '=HYPERLINK("http://example.com","click")',
  '+1+1',
  '@SUM(A1)',
  '<script>alert(1)</script> & "quotes" \'single\'',
  'tab\there, line\nbreaks\r\nand a bell\u0007 and a NUL\u0000',
  '\u202Eright to left\u202C עברית العربية',
  '😀 emoji, a lone half \ud83d, 漢字',
  ' space around ',
  '_x000D_ looks like an escape',
  `long ${'x'.repeat(40_000)}`,
];

export function reviewRow(index: number, text: string, label: string | null = 'bad'): ReviewRow {
  const vote = { prompt: 'reasoned' as const, sample: 0, label, reason: `=because ${index}`, unreadable: null };
  return {
    key: `key-${index}`,
    id: `id ${index}`,
    text,
    label,
    votes: [vote],
    doubt: 1 / (index + 1),
    why: ['a reason'],
    student: label === null ? null : [0.25, 0.75],
  };
}

/** Texts with the label "bad", the most doubtful first. more: what else each row has. */
export async function reviewOf(
  store: Store,
  texts: readonly string[],
  more: (index: number) => Partial<ReviewRow> = () => ({}),
): Promise<ReviewFolder> {
  const review = new ReviewFolder(store, `${workflowFolder('test')}/${randomUUID()}`);
  const lines = texts.map((text, index) => `${JSON.stringify({ ...reviewRow(index, text), ...more(index) })}\n`);
  const rows = await store.write(review.rowsPath(), lines.join(''));
  await review.writeQueue({
    workflowId: 'test',
    task: 'goodness',
    rows,
    texts: texts.length,
    labels: LABELS,
    guideline: 'Be fair.\nSecond <line>.',
    seed: 42,
    confidence: 0.95,
    rankedAt: AT.toISOString(),
  });
  return review;
}
