/** Gold labels that people doubt: out to look at, and back. */
import type { GoldDispute } from '../contracts/index.js';
import { openRowWriter, readRows } from '../corpus/index.js';
import { ReviewFileError } from './check-sheet.js';
import type { ReviewFolder } from './review-folder.js';
import { cellText, votesInWords } from './sheet.js';

/** The only column that people fill in: why the gold label is doubtful, or which one would be right. */
const DISPUTED = 'disputed';

/** Writes the gold rows on which the teacher has another label than people gave: .csv, .tsv, .jsonl or .parquet. Returns how many
 *  they are. Throws CorpusError on another extension. */
export async function writeDisputable(review: ReviewFolder, path: string): Promise<number> {
  const writer = await openRowWriter(path, ['id', 'gold', 'teacher', DISPUTED, 'text', 'votes'], { field: '--output' });
  let rows = 0;
  try {
    for await (const row of review.goldRows()) {
      if (row.teacherLabel === row.gold) continue;
      rows++;
      const { gold, id, teacherLabel: teacher, text } = row;
      await writer.write({
        id,
        gold,
        teacher,
        [DISPUTED]: '',
        text: cellText(text),
        votes: cellText(votesInWords(row)),
      });
    }
    await writer.finish();
  } finally {
    await writer.abort();
  }
  return rows;
}

/** Takes the disputes of a filled-in file: all of them, or none. Any gold row may be named by its id. Throws ReviewFileError or
 *  CorpusError. */
export async function takeDisputes(
  review: ReviewFolder,
  { at, path, reviewer }: { path: string; reviewer: string; at: Date },
): Promise<number> {
  const notes = new Map<string, { note: string; line: number }>();
  const problems: string[] = [];
  for await (const row of readRows(path, { field: 'FILE' })) {
    if ('problem' in row) {
      problems.push(`line ${row.line}: ${row.problem}`);
      continue;
    }
    const id = String(row.values.id ?? '').trim();
    const note = String(row.values[DISPUTED] ?? '').trim();
    if (note === '') continue;
    if (notes.has(id)) problems.push(`line ${row.line} repeats the id ${JSON.stringify(id)}`);
    notes.set(id, { note, line: row.line });
  }
  const disputes: GoldDispute[] = [];
  for await (const { gold, id, key } of review.goldRows()) {
    const dispute = notes.get(id);
    if (dispute === undefined) continue;
    notes.delete(id);
    disputes.push({ key, id, gold, note: dispute.note, reviewer, at: at.toISOString() });
  }
  for (const [id, { line }] of notes)
    problems.push(`line ${line}: ${JSON.stringify(id)} is not the id of a gold row of this run`);
  if (problems.length > 0) throw new ReviewFileError(problems, path);
  if (disputes.length > 0) await review.addDisputes(disputes, at);
  return disputes.length;
}
