/** Gold labels that people doubt: out to look at, and back. */
import type { GoldDispute } from '../contracts/index.js';
import { openRowWriter, readRows } from '../corpus/index.js';
import { ReviewFileError } from './check-sheet.js';
import type { ReviewFolder } from './review-folder.js';
import { cellText, showsText, votesInWords } from './sheet.js';

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

/** Takes the disputes of a filled-in file: all of them, or none. Any gold row may be named by its id; where two have it, as a gold
 *  file may use the corpus's ids for texts of its own, the column `text` tells which is meant. Throws ReviewFileError or CorpusError. */
export async function takeDisputes(
  review: ReviewFolder,
  { at, path, reviewer }: { path: string; reviewer: string; at: Date },
): Promise<number> {
  const notes: { id: string; note: string; line: number; text: unknown }[] = [];
  const problems: string[] = [];
  for await (const row of readRows(path, { field: 'FILE' })) {
    if ('problem' in row) {
      problems.push(`line ${row.line}: ${row.problem}`);
      continue;
    }
    const { id, text } = row.values;
    const note = String(row.values[DISPUTED] ?? '').trim();
    if (note !== '') notes.push({ id: String(id ?? '').trim(), note, line: row.line, text });
  }
  const goldRows = new Map<string, { key: string; gold: string; text: string }[]>(notes.map(({ id }) => [id, []]));
  for await (const { gold, id, key, text } of review.goldRows()) goldRows.get(id)?.push({ key, gold, text });
  const disputes = new Map<string, GoldDispute>();
  for (const { id, line, note, text } of notes) {
    const known = goldRows.get(id)!;
    const [meant, ...others] = known.length > 1 ? known.filter((row) => showsText(text, row.text)) : known;
    const quoted = JSON.stringify(id);
    if (known.length === 0) problems.push(`line ${line}: ${quoted} is not the id of a gold row of this run`);
    else if (meant === undefined || others.length > 0)
      problems.push(
        `line ${line}: ${quoted} is the id of ${known.length} gold rows: give the column text as it was exported`,
      );
    else if (disputes.has(meant.key)) problems.push(`line ${line} repeats the id ${quoted}`);
    else disputes.set(meant.key, { key: meant.key, id, gold: meant.gold, note, reviewer, at: at.toISOString() });
  }
  if (problems.length > 0) throw new ReviewFileError(problems, path);
  if (disputes.size > 0) await review.addDisputes([...disputes.values()], at);
  return disputes.size;
}
