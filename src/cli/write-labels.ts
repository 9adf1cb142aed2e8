/** Writes a run's labels where the user wants them: text, label, agreement, reason; the format by the file's extension. */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { LabelRow } from '../contracts/index.js';
import { CorpusError, isS3Path, openRowWriter, sortRecords } from '../corpus/index.js';
import { isStoreAt, openStore, type Store } from '../store/index.js';
import { SetupError } from '../temporal/index.js';

const OPTION = '--labels-out';
const COLUMNS = ['id', 'text', 'label', 'agreement', 'reason', 'source', 'line'];
/** Where the teacher told how likely its labels were, as the first rows show. */
const PROBABILITY = 'probability';
const FIRST_ROWS = 100;
/** runs/WORKFLOW/RUN/vote/FILE: the labels' path in a store. */
const PATH_SEGMENTS = 5;

/** Throws where the file could not be written: better before a run than after it. */
export async function checkLabelsOut(output: string): Promise<void> {
  const folder = dirname(resolve(output));
  if (!isS3Path(output) && !existsSync(folder)) {
    throw new CorpusError({
      field: OPTION,
      path: output,
      problem: `there is no folder ${folder}`,
      mend: 'Make it first',
    });
  }
  const writer = await openRowWriter(output, COLUMNS, { field: OPTION });
  await writer.abort();
}

/** `uri`: the labels as the run's result names them. Texts of the corpus, in its order, gold rows left out. Returns how many. */
export async function writeLabels(uri: string, output: string): Promise<number> {
  const { location, path } = splitUri(uri);
  if (!(await isStoreAt(location))) {
    throw new SetupError(`the labels are in a store that this machine does not see: ${uri}`, 'Take them from there.');
  }
  const store = await openStore(location);
  const columns = (await tellsProbabilities(store, path)) ? [...COLUMNS, PROBABILITY] : COLUMNS;
  const writer = await openRowWriter(output, columns, { field: OPTION });
  let rows = 0;
  try {
    const byLine = ({ part = 0, line }: LabelRow) =>
      `${String(part).padStart(9, '0')} ${String(line).padStart(15, '0')}`;
    const inOrder = sortRecords(corpusLabels(store, path), byLine, { tempFolder: tmpdir() });
    for await (const row of inOrder) {
      const values = { ...row, [PROBABILITY]: meanProbability(row) };
      await writer.write(Object.fromEntries(columns.map((column) => [column, Reflect.get(values, column)])));
      rows++;
    }
    await writer.finish();
    return rows;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function* corpusLabels(store: Store, path: string): AsyncGenerator<LabelRow> {
  for await (const line of store.lines(path)) {
    const row = LabelRow.parse(JSON.parse(line));
    if (row.set === 'corpus') yield row;
  }
}

async function tellsProbabilities(store: Store, path: string): Promise<boolean> {
  let rows = 0;
  for await (const row of corpusLabels(store, path)) {
    if (meanProbability(row) !== null) return true;
    if (++rows === FIRST_ROWS) break;
  }
  return false;
}

/** Of the votes for the label; null: of none it is known. */
function meanProbability({ label, votes }: LabelRow): number | null {
  const known = votes.flatMap((vote) => (vote.label === label ? (vote.probability ?? []) : []));
  return known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0) / known.length;
}

/** file:///store/runs/w/r/vote/labels.jsonl as the store's address and the path in it, which is written there as it is. */
function splitUri(uri: string): { location: string; path: string } {
  const segments = uri.split('/');
  return {
    location: segments.slice(0, -PATH_SEGMENTS).join('/'),
    path: segments.slice(-PATH_SEGMENTS).join('/'),
  };
}
