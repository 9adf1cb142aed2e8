/** Writes a run's labels where the user wants them: text, label, agreement, reason; the format by the file's extension. */
import { tmpdir } from 'node:os';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabelRow } from '../contracts/index.js';
import { openRowWriter, sortRecords } from '../corpus/index.js';
import { openStore, type Store } from '../store/index.js';

const COLUMNS = ['id', 'text', 'label', 'agreement', 'reason', 'source', 'line'];

/** `uri`: the labels as the run's result names them. Texts of the corpus, in its order, gold rows left out. Returns how many. */
export async function writeLabels(uri: string, output: string): Promise<number> {
  const { store, path } = splitUri(uri);
  const writer = await openRowWriter(output, COLUMNS, '--labels-out');
  let rows = 0;
  try {
    const inOrder = sortRecords(
      corpusLabels(await openStore(store), path),
      (row) => String(row.line).padStart(15, '0'),
      {
        tempFolder: tmpdir(),
      },
    );
    for await (const row of inOrder) {
      await writer.write(Object.fromEntries(COLUMNS.map((column) => [column, row[column as keyof typeof row]])));
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

/** file:///store/runs/x/vote/labels.jsonl as the store's folder and the path in it. */
function splitUri(uri: string): { store: string; path: string } {
  const parts = fileURLToPath(uri).split('/');
  const runs = parts.lastIndexOf('runs');
  return { store: parts.slice(0, runs).join('/') || dirname(uri), path: parts.slice(runs).join('/') || basename(uri) };
}
