/** Rows of the same text become one text: its set, its gold label, how many rows carry it. */
import { CorpusError } from './corpus-error.js';
import { shownPaths } from './find-files.js';
import type { InputSource, UsableRow } from './read-input.js';

/** A different text. It belongs to the corpus if a row of the corpus carries it without a label, else to the gold set. */
export interface JoinedText {
  key: string;
  id: string;
  text: string;
  part: number;
  line: number;
  copies: number;
  gold: string | null;
  set: 'corpus' | 'gold';
  /** Index of the stratum; texts whose rows differ belong to the first stratum by name. */
  stratum: number;
}

/** What joining counts; filled while the texts are drawn from it. */
export interface JoinTally {
  duplicates: number;
  goldRows: number;
  goldInCorpus: number;
  goldConflicts: number;
  /** Texts of each stratum that have no gold label: those that a sample chooses from. */
  strata: Map<string, { index: number; texts: number }>;
}

/** Most strata: beyond it the column is an id or a text, not a stratum. */
const MAX_STRATA = 1000;

export function newTally(): JoinTally {
  return { duplicates: 0, goldRows: 0, goldInCorpus: 0, goldConflicts: 0, strata: new Map() };
}

/** Texts by key, without those whose labels contradict each other. Takes rows sorted by key, rows of the corpus in their
 *  order before gold rows. Throws CorpusError on too many strata. */
export async function* joinRows(
  rows: AsyncIterable<UsableRow>,
  tally: JoinTally,
  corpus: InputSource,
): AsyncGenerator<JoinedText> {
  let open: OpenText | undefined;
  for await (const row of rows) {
    if (open?.first.key === row.key) addRow(open, row);
    else {
      if (open !== undefined) yield* close(open, tally, corpus);
      open = { first: row, corpusRows: 0, goldRows: 0, unlabelled: false, labels: new Set(), stratum: row.stratum };
      addRow(open, row);
    }
  }
  if (open !== undefined) yield* close(open, tally, corpus);
}

interface OpenText {
  first: UsableRow;
  corpusRows: number;
  goldRows: number;
  unlabelled: boolean;
  labels: Set<string>;
  stratum: string;
}

function addRow(open: OpenText, row: UsableRow): void {
  if (row.file === 'corpus') {
    open.corpusRows++;
    if (row.stratum < open.stratum) open.stratum = row.stratum;
  } else open.goldRows++;
  if (row.label === null) open.unlabelled = true;
  else open.labels.add(row.label);
}

function* close(open: OpenText, tally: JoinTally, corpus: InputSource): Generator<JoinedText> {
  tally.duplicates += Math.max(0, open.corpusRows - 1);
  if (open.labels.size > 1) {
    tally.goldConflicts++;
    return;
  }
  const [gold = null] = open.labels;
  if (gold !== null) {
    tally.goldRows++;
    if (open.unlabelled) tally.goldInCorpus++;
  }
  const { key, id, text, part, line } = open.first;
  const copies = open.corpusRows > 0 ? open.corpusRows : open.goldRows;
  const set = open.unlabelled ? 'corpus' : 'gold';
  yield {
    key,
    id,
    text,
    part,
    line,
    copies,
    gold,
    set,
    stratum: gold === null ? countStratum(open.stratum, tally, corpus) : 0,
  };
}

function countStratum(name: string, { strata }: JoinTally, { input, stratifyBy }: InputSource): number {
  const known = strata.get(name);
  if (known !== undefined) {
    known.texts++;
    return known.index;
  }
  if (strata.size === MAX_STRATA) {
    throw new CorpusError({
      field: 'corpus.sample.stratifyBy',
      path: shownPaths(input.path),
      problem: `the column "${stratifyBy}" has more than ${MAX_STRATA} different values`,
      mend: 'Name a column with few values, or null for a simple random sample',
    });
  }
  strata.set(name, { index: strata.size, texts: 1 });
  return strata.size - 1;
}
