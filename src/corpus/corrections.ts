/** People's corrections: a file of id and label. */
import { counted, type Label } from '../contracts/index.js';
import { CorpusError, shortly } from './corpus-error.js';
import { requireColumn } from './file-format.js';
import { labelMatcher } from './label-match.js';
import { readColumns, readRows } from './read-rows.js';

export interface Correction {
  id: string;
  /** Name of one of the task's labels. */
  label: string;
}

/** Problems that the message names. */
const NAMED_PROBLEMS = 10;

/** All corrections of a file in any format of the corpus. Throws one CorpusError that names up to ten bad rows: then
 *  none is to be applied. Holds them all in memory: people wrote them. */
export async function readCorrections(
  path: string,
  labels: readonly Label[],
  { signal }: { signal?: AbortSignal } = {},
): Promise<Correction[]> {
  const field = 'corrections';
  const columns = await readColumns(path, { field, signal });
  const mend = 'Give a file with the columns id and label';
  for (const column of columns === null ? [] : ['id', 'label']) requireColumn(column, columns!, { field, path, mend });
  const match = labelMatcher(labels);
  const lines = new Map<string, number>();
  const corrections: Correction[] = [];
  const problems: string[] = [];
  for await (const row of readRows(path, { field, columns: ['id', 'label'], signal })) {
    const read = 'problem' in row ? row.problem : readCorrection(row.values, row.line, match, lines);
    if (typeof read === 'string') problems.push(`line ${row.line}: ${read}`);
    else corrections.push(read);
  }
  if (problems.length === 0) return corrections;
  const more = problems.length > NAMED_PROBLEMS ? `; and ${problems.length - NAMED_PROBLEMS} more` : '';
  throw new CorpusError({
    field,
    path,
    problem: `${counted(problems.length, 'row')} can't be used, and none was applied: ${problems.slice(0, NAMED_PROBLEMS).join('; ')}${more}`,
    mend: `Give each text's id once, with one of the labels ${labels.map((label) => label.name).join(', ')}`,
  });
}

/** A correction, or what is wrong with it. */
function readCorrection(
  { id, label }: Record<string, unknown>,
  line: number,
  match: ReturnType<typeof labelMatcher>,
  lines: Map<string, number>,
): Correction | string {
  if ((typeof id !== 'string' && typeof id !== 'number') || String(id).trim() === '') return 'it has no id';
  const earlier = lines.get(String(id));
  if (earlier !== undefined) return `its id ${shortly(String(id))} also stands at line ${earlier}`;
  lines.set(String(id), line);
  const name = match(label);
  return name === undefined ? `its label ${shortly(label)} is not one of the task's` : { id: String(id), label: name };
}
