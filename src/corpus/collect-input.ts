/** First pass over an input: its usable rows go to a local file, the others to the list of refused rows. */
import { join } from 'node:path';
import { counted, type Task } from '../contracts/index.js';
import { CorpusError } from './corpus-error.js';
import { sortRecords } from './external-sort.js';
import { placeOf, shownPaths } from './find-files.js';
import { type InputSource, type RefusedRow, readInput, type UsableRow } from './read-input.js';
import { BlockWriter, readRecords, writeRecords } from './record-file.js';
import type { StoreRecords } from './store-records.js';
import { idOfKey } from './text-key.js';
import type { Watch } from './watch.js';

export interface CollectedInput {
  /** Local JSONL of UsableRow, in the order of the input. */
  file: string;
  rows: number;
  /** Rows of each file of the input. */
  rowsOfPart: number[];
  refused: number;
}

/** Rows that a message about bad rows names. */
const NAMED_ROWS = 3;

/** Throws CorpusError as readInput does, and on refused rows where the input says badRows: refuse. Writes refused rows
 *  in either case, those of double ids after the others. */
export async function collectInput(
  source: InputSource,
  task: Task,
  refused: StoreRecords<RefusedRow>,
  { storeIsScratch = false, tempFolder, watch }: { storeIsScratch?: boolean; tempFolder: string; watch: Watch },
): Promise<CollectedInput> {
  const all = join(tempFolder, `${source.name}-all.jsonl`);
  const bad = new BadRows(refused);
  const rowsOfPart = source.files.map(() => 0);
  const anyId = await splitRows(watch.each(readInput(source, task, watch.signal), 'read'), all, bad, rowsOfPart);
  const rows = rowsOfPart.reduce((sum, count) => sum + count, 0);
  // Ids that are hashes of their texts can't stand for two texts.
  const file = anyId ? await withoutDoubleIds(all, source, bad, { tempFolder, watch }) : all;
  if (bad.count > 0 && source.input.badRows === 'refuse') {
    await refused.finish();
    throw badRowsError(source, rows, bad, storeIsScratch ? null : refused.path);
  }
  return { file, rows, rowsOfPart, refused: bad.count };
}

/** Refused rows on their way to the store, and the first few for the message. */
class BadRows {
  count = 0;
  first: RefusedRow[] = [];

  constructor(private readonly list: StoreRecords<RefusedRow>) {}

  async add(row: RefusedRow): Promise<void> {
    this.count++;
    this.first = [...this.first, row].sort((a, b) => a.part - b.part || a.line - b.line).slice(0, NAMED_ROWS);
    await this.list.write(row);
  }
}

async function splitRows(
  checked: ReturnType<typeof readInput>,
  file: string,
  bad: BadRows,
  rowsOfPart: number[],
): Promise<boolean> {
  const writer = await BlockWriter.open(file);
  let anyId = false;
  try {
    for await (const row of checked) {
      rowsOfPart[('refused' in row ? row.refused : row.usable).part]!++;
      if ('refused' in row) await bad.add(row.refused);
      else {
        anyId ||= row.usable.id !== idOfKey(row.usable.key);
        await writer.write(`${JSON.stringify(row.usable)}\n`);
      }
    }
    await writer.flush();
    return anyId;
  } finally {
    await writer.close();
  }
}

/** A file without the rows whose id stood earlier with another text. */
async function withoutDoubleIds(
  all: string,
  source: InputSource,
  bad: BadRows,
  { tempFolder, watch }: { tempFolder: string; watch: Watch },
): Promise<string> {
  const rows = () => watch.each(readRecords<UsableRow>(all), 'check ids');
  const byId = sortRecords(idsOf(rows()), (row) => row.id, { tempFolder });
  const byLine = sortRecords(doubleIds(byId, source), placeKey, { tempFolder });
  const doubles = join(tempFolder, `${source.name}-double-ids.jsonl`);
  if ((await writeRecords(doubles, byLine)) === 0) return all;
  const kept = join(tempFolder, `${source.name}.jsonl`);
  await writeRecords(kept, leaveOut(rows(), readRecords<RefusedRow>(doubles), bad));
  return kept;
}

async function* idsOf(rows: AsyncIterable<UsableRow>): AsyncGenerator<Omit<UsableRow, 'text' | 'label' | 'stratum'>> {
  for await (const { file, part, line, id, key } of rows) yield { file, part, line, id, key };
}

async function* doubleIds(sortedById: ReturnType<typeof idsOf>, { files }: InputSource): AsyncGenerator<RefusedRow> {
  let first: { part: number; line: number; id: string; key: string } | undefined;
  for await (const row of sortedById) {
    if (first?.id !== row.id) first = row;
    else if (first.key !== row.key) {
      const problem = `its id also stands at ${placeOf(files[first.part]!, first.line, files.length === 1)}, with a different text`;
      yield { file: row.file, part: row.part, path: files[row.part]!.name, line: row.line, id: row.id, problem };
    }
  }
}

/** Order of the rows of an input, as a key to sort by. */
function placeKey({ part, line }: { part: number; line: number }): string {
  return `${String(part).padStart(9, '0')} ${String(line).padStart(16, '0')}`;
}

/** Both in the order of the input. */
async function* leaveOut(
  rows: AsyncIterable<UsableRow>,
  doubles: AsyncGenerator<RefusedRow>,
  bad: BadRows,
): AsyncGenerator<UsableRow> {
  let next = await doubles.next();
  for await (const row of rows) {
    if (next.done || row.part !== next.value.part || row.line !== next.value.line) yield row;
    else {
      await bad.add(next.value);
      next = await doubles.next();
    }
  }
}

/** list: of all of them, in the store; null: nobody can read it. */
function badRowsError(
  { name, input, files }: InputSource,
  rows: number,
  bad: BadRows,
  list: string | null,
): CorpusError {
  const named = bad.first
    .map(({ part, line, problem }) => `${placeOf(files[part]!, line, files.length === 1)}: ${problem}`)
    .join('; ');
  return new CorpusError({
    field: name,
    path: shownPaths(input.path),
    problem: `${bad.count} of ${counted(rows, 'row')} can't be used (${named})${list === null ? '' : `; ${list} in the store lists ${bad.count === 1 ? 'it' : 'all'}`}`,
    mend: `Mend them, or set ${name}.badRows: "skip" to leave them out`,
  });
}
