/** From the user's files to chunks of different texts, in memory that does not grow with them: a pass that checks the
 *  rows, a sort by key that joins equal texts and gold labels, a draw, a pass that writes. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ArtifactRef,
  type CorpusInput,
  chunkingOf,
  type GoldInput,
  type InputFileEntry,
  type Manifest,
  type Task,
  type TextRow,
} from '../contracts/index.js';
import type { Store } from '../store/index.js';
import { type CollectedInput, collectInput } from './collect-input.js';
import { CorpusError } from './corpus-error.js';
import { type Draw, drawTexts } from './draw-texts.js';
import { sortRecords } from './external-sort.js';
import { findFiles, shownPaths } from './find-files.js';
import { type JoinedText, type JoinTally, joinRows, newTally } from './join-rows.js';
import { type InputSource, type RefusedRow, type UsableRow, usualColumn } from './read-input.js';
import { readRecords, writeRecords } from './record-file.js';
import { openRedactor, type Redactor, type ReplacedSpan } from './redact.js';
import { StoreRecords } from './store-records.js';
import { type PrepareProgress, Watch } from './watch.js';
import { ChunkWriter, type KnownChunk, withReuse } from './write-chunks.js';

export interface PrepareOptions {
  task: Task;
  corpus: CorpusInput;
  /** null: labelled rows of the corpus are the gold rows. Else the corpus's label column is left out. */
  gold: GoldInput | null;
  store: Store;
  /** The store is gone when a message is read: none names a file in it. */
  storeIsScratch?: boolean;
  /** The run's folder in the store. */
  runFolder: string;
  /** Chunks of earlier runs. */
  knownChunks: readonly KnownChunk[];
  /** Says where hf:// and s3:// addresses lead: HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, HF_HOME, AWS_ENDPOINT_URL. */
  env: NodeJS.ProcessEnv;
  /** Local folder with room for about three times the corpus; what is written there is removed. */
  tempFolder: string;
  onProgress?: (progress: PrepareProgress) => void;
  signal?: AbortSignal | undefined;
}

interface Redactions {
  key: string;
  spans: ReplacedSpan[];
}

/** Where a row of the corpus stands; part: as in TextRow. */
interface RowPlace {
  part?: number;
  line: number;
  id: string;
  key: string;
}

interface Inputs {
  corpus: CollectedInput;
  gold: CollectedInput | null;
}

type Working = PrepareOptions & {
  watch: Watch;
  folder: string;
  sources: { corpus: InputSource; gold: InputSource | null; passedOver: number };
};

/** Writes chunks, rows, refused rows, rest and manifest below the run folder's prepare/; a second call with the same
 *  input writes the same. Throws CorpusError, and the signal's reason. */
export async function prepareCorpus(options: PrepareOptions): Promise<{ manifest: Manifest; ref: ArtifactRef }> {
  await mkdir(options.tempFolder, { recursive: true });
  const tempFolder = await mkdtemp(join(options.tempFolder, 'prepare-'));
  const folder = `${options.runFolder}/prepare`;
  const watch = new Watch(options.onProgress, options.signal);
  const working = { ...options, tempFolder, folder, watch, sources: await sourcesOf(options) };
  const refused = new StoreRecords<RefusedRow>(options.store, `${folder}/refused.jsonl`);
  const rows = new StoreRecords<RowPlace>(options.store, `${folder}/rows.jsonl`);
  const rest = new StoreRecords<TextRow>(options.store, `${folder}/rest.jsonl`);
  const redactions = new StoreRecords<Redactions>(options.store, `${folder}/redactions.jsonl`);
  try {
    const redactor = await openRedactor(options.task.redact);
    const inputs = await collectInputs(working, refused);
    const tally = newTally();
    const texts = join(tempFolder, 'texts.jsonl');
    const sorted = sortRecords(usableRows(inputs, rows, watch), (row) => row.key, { tempFolder });
    await writeRecords(texts, joinRows(watch.each(sorted, 'sort'), tally, working.sources.corpus));
    requireTexts(working, inputs, tally);
    const draw = await drawTexts(texts, tally, working);
    const sinks = { rest, redactions };
    const written = await writeTexts(
      watch.each(readRecords<JoinedText>(texts), 'write'),
      draw,
      redactor,
      sinks,
      working,
    );
    const manifest: Manifest = {
      corpusHash: written.corpusHash,
      counts: {
        rows: inputs.corpus.rows,
        texts: written.texts,
        duplicates: tally.duplicates,
        refused: inputs.corpus.refused + (inputs.gold?.refused ?? 0),
        rest: written.rest,
        goldRows: tally.goldRows,
        goldInCorpus: tally.goldInCorpus,
        goldConflicts: tally.goldConflicts,
        redacted: written.redacted,
      },
      chunks: written.chunks,
      files: fileEntries(working, inputs),
      passedOver: working.sources.passedOver,
      // There is a usable row: requireTexts saw it.
      rows: (await rows.finish())!,
      refused: await refused.finish(),
      rest: await rest.finish(),
      redactions: await redactions.finish(),
    };
    return { manifest, ref: await options.store.write(`${folder}/manifest.json`, `${JSON.stringify(manifest)}\n`) };
  } finally {
    for (const file of [refused, rows, rest, redactions]) await file.abort();
    await rm(tempFolder, { recursive: true, force: true });
  }
}

async function sourcesOf({ corpus, gold, env }: PrepareOptions): Promise<Working['sources']> {
  const stratifyBy = corpus.sample?.stratifyBy ?? null;
  const labelColumn = gold === null ? corpus.labelColumn : null;
  const found = await findFiles(corpus.path, { field: 'corpus.path', env });
  const foundGold = gold && (await findFiles(gold.path, { field: 'gold.path', env }));
  return {
    corpus: { name: 'corpus', input: corpus, files: found.files, labelColumn, stratifyBy },
    gold: gold && {
      name: 'gold',
      input: gold,
      files: foundGold!.files,
      labelColumn: gold.labelColumn,
      stratifyBy: null,
    },
    passedOver: found.passedOver + (foundGold?.passedOver ?? 0),
  };
}

function fileEntries({ sources }: Working, inputs: Inputs): InputFileEntry[] {
  return (['corpus', 'gold'] as const).flatMap((input) =>
    (sources[input]?.files ?? []).map(({ address, version }, part) => ({
      input,
      address,
      ...(version !== undefined && { version }),
      rows: inputs[input]!.rowsOfPart[part]!,
    })),
  );
}

async function collectInputs(working: Working, refused: StoreRecords<RefusedRow>): Promise<Inputs> {
  const { sources, task } = working;
  const corpus = await collectInput(sources.corpus, task, refused, working);
  return { corpus, gold: sources.gold && (await collectInput(sources.gold, task, refused, working)) };
}

/** Rows of the corpus, which are listed on the way, then gold rows. */
async function* usableRows(inputs: Inputs, list: StoreRecords<RowPlace>, watch: Watch): AsyncGenerator<UsableRow> {
  for await (const row of watch.each(readRecords<UsableRow>(inputs.corpus.file), 'sort')) {
    const { part, line, id, key } = row;
    await list.write({ ...(part > 0 && { part }), line, id, key });
    yield row;
  }
  if (inputs.gold !== null) yield* watch.each(readRecords<UsableRow>(inputs.gold.file), 'sort');
}

function requireTexts({ corpus, gold, sources }: Working, inputs: Inputs, tally: JoinTally): void {
  const refuse = (field: string, problem: string, mend: string) =>
    new CorpusError({ field, path: shownPaths(corpus.path), problem, mend });
  const { labelColumn } = sources.corpus;
  if (
    labelColumn !== null &&
    labelColumn !== usualColumn('labelColumn') &&
    tally.goldRows + tally.goldConflicts === 0
  ) {
    const mend = 'Name the column that holds them, or leave it out: then the report can only say agreement';
    throw refuse('corpus.labelColumn', `no row has a label in a column "${labelColumn}"`, mend);
  }
  if (tally.strata.size > 0) return;
  if (inputs.corpus.rows === inputs.corpus.refused) {
    throw refuse('corpus.path', 'there is nothing to label: the file has no usable row', 'Give a file with texts');
  }
  if (gold !== null) {
    throw refuse(
      'gold.path',
      'nothing is left to train on: every text of the corpus is a gold text',
      'Add other texts',
    );
  }
  throw refuse(
    'corpus.labelColumn',
    `nothing is left to train on: every row has a label in the column "${corpus.labelColumn}", and labelled rows only measure`,
    'Set corpus.labelColumn to null to label these rows, or give labelled rows as a gold file',
  );
}

async function writeTexts(
  texts: AsyncIterable<JoinedText>,
  draw: Draw,
  redactor: Redactor,
  { rest, redactions }: { rest: StoreRecords<TextRow>; redactions: StoreRecords<Redactions> },
  { store, folder, task, knownChunks }: Working,
) {
  const hash = createHash('sha256');
  const { chunkTexts } = chunkingOf(task);
  const writers = {
    corpus: new ChunkWriter(store, `${folder}/chunks`, 'corpus', chunkTexts),
    gold: new ChunkWriter(store, `${folder}/chunks`, 'gold', chunkTexts),
  };
  const counts = { corpus: 0, gold: 0, rest: 0, redacted: 0 };
  for await (const text of texts) {
    const { set, stratum: _, part, ...row } = text;
    const kept = row.gold !== null || draw.sampled(text);
    const textRow: TextRow = {
      ...row,
      ...(part > 0 && { part }),
      asked: null,
      gateGold: row.gold !== null && draw.forGate(text),
    };
    counts[kept ? set : 'rest']++;
    if (!kept) {
      await rest.write(textRow);
      continue;
    }
    const { asked, spans } = await redactor(row.text);
    if (spans.length > 0) {
      textRow.asked = asked;
      counts.redacted++;
      await redactions.write({ key: row.key, spans });
    }
    hash.update(`${row.key} ${row.gold ?? ''}\n`);
    await writers[set].add(textRow);
  }
  await writers.corpus.finish();
  await writers.gold.finish();
  const chunks = [...withReuse(writers.corpus.entries, knownChunks), ...withReuse(writers.gold.entries, knownChunks)];
  return { corpusHash: hash.digest('hex'), chunks, texts: counts.corpus, rest: counts.rest, redacted: counts.redacted };
}
