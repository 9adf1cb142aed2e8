/** cleanlab's input (labels, out-of-fold probabilities, texts), and its table of label issues as opinions. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Label, ReviewRow, SecondOpinion } from '../contracts/index.js';
import { openRowWriter, readRows } from '../corpus/index.js';
import { ReviewFileError } from './check-sheet.js';
import { type Handout, plainText } from './sheet.js';

/** Writes labels.npy (int64), pred_probs.npy (float64, a row a text), label_names.json, and texts.csv, all in one order. Throws
 *  ReviewFileError where no student could be trained. */
export async function writeCleanlab(folder: string, { labels, rows }: Pick<Handout, 'labels' | 'rows'>): Promise<void> {
  const names = labels.map((label) => label.name);
  const probabilities = rows.map((row) => {
    if (row.student?.length === names.length) return row.student;
    throw new ReviewFileError(['the run has no out-of-fold probabilities: too few labels to train a student'], folder);
  });
  await mkdir(folder, { recursive: true });
  const given = BigInt64Array.from(rows, (row) => BigInt(names.indexOf(row.label ?? '')));
  await writeFile(join(folder, 'labels.npy'), npy('<i8', [rows.length], given));
  const flat = Float64Array.from(probabilities.flat());
  await writeFile(join(folder, 'pred_probs.npy'), npy('<f8', [rows.length, names.length], flat));
  await writeFile(join(folder, 'label_names.json'), `${JSON.stringify(names)}\n`);
  const writer = await openRowWriter(join(folder, TEXTS), ['id', 'given_label', 'text']);
  try {
    for (const { id, label, text } of rows) await writer.write({ id, given_label: label, text: plainText(text) });
    await writer.finish();
  } finally {
    await writer.abort();
  }
}

/**
 * What cleanlab says of the labels in issues.csv, which lies in the folder that writeCleanlab made: Datalab's
 * get_issues("label") or CleanLearning's get_label_issues(), a row a text, in the order of texts.csv. Throws ReviewFileError
 * with every row that doesn't fit.
 */
export async function readCleanlab(
  folder: string,
  labels: readonly Label[],
  known: readonly ReviewRow[],
): Promise<SecondOpinion[]> {
  const path = join(folder, ISSUES);
  const rowsById = new Map(known.map((row) => [row.id, row]));
  const names = labels.map((label) => label.name);
  const ids: string[] = [];
  for await (const row of readRows(join(folder, TEXTS), { field: 'file' })) {
    if (!('problem' in row)) ids.push(String(row.values.id ?? ''));
  }
  const problems: string[] = [];
  const opinions: SecondOpinion[] = [];
  let index = 0;
  for await (const row of readRows(path, { field: 'file' })) {
    const id = ids[index++];
    const at = `line ${row.line}`;
    if ('problem' in row) {
      problems.push(`${at}: ${row.problem}`);
      continue;
    }
    const { given_label, is_label_issue, label_quality, label_score, predicted_label } = row.values;
    const exported = id === undefined ? undefined : rowsById.get(id);
    // A label may be named "1" and be the first: what was exported tells whether names or numbers stand there.
    const read = READINGS.find((each) => each(given_label, names) === exported?.label) ?? byName;
    const quality = Number(label_quality ?? label_score ?? Number.NaN);
    const issue = String(is_label_issue ?? '').toLowerCase();
    if (exported === undefined) problems.push(`${at} stands for no text of this run`);
    else if (read(given_label, names) !== exported.label) {
      problems.push(`${at}, given_label is not the label that was exported: are the rows in the order of ${TEXTS}?`);
    } else if (!['true', 'false'].includes(issue)) problems.push(`${at}, is_label_issue is neither True nor False`);
    else if (!(quality >= 0 && quality <= 1)) problems.push(`${at} has no label_quality or label_score from 0 to 1`);
    else {
      const suggests = read(predicted_label, names);
      opinions.push({ key: exported.key, tool: 'cleanlab', suspicious: issue === 'true', quality, suggests });
    }
  }
  if (index !== ids.length) problems.push(`it has ${index} rows, and ${TEXTS} has ${ids.length}`);
  if (problems.length > 0) throw new ReviewFileError(problems, path);
  return opinions;
}

const TEXTS = 'texts.csv';
const ISSUES = 'issues.csv';

const READINGS = [byName, byNumber];

/** null: it is none. */
function byName(value: unknown, names: readonly string[]): string | null {
  return names.find((name) => name === String(value ?? '').trim()) ?? null;
}

function byNumber(value: unknown, names: readonly string[]): string | null {
  const text = String(value ?? '').trim();
  return /^\d+$/.test(text) ? (names[Number(text)] ?? null) : null;
}

/** NumPy's file format, version 1.0: a header whose length makes the data begin at a multiple of 64 bytes, then the data,
 *  little-endian, row by row. */
function npy(type: '<i8' | '<f8', shape: readonly number[], data: BigInt64Array | Float64Array): Buffer {
  const dictionary = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const unpadded = NPY_PREFIX + dictionary.length + 1;
  const header = `${dictionary}${' '.repeat((64 - (unpadded % 64)) % 64)}\n`;
  const start = Buffer.alloc(NPY_PREFIX);
  start.write('\u0093NUMPY\u0001\u0000', 'latin1');
  start.writeUInt16LE(header.length, NPY_PREFIX - 2);
  return Buffer.concat([start, Buffer.from(header, 'latin1'), Buffer.from(data.buffer)]);
}

const NPY_PREFIX = 10;
