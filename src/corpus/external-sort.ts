/** Sorting more records than memory holds: sorted runs in temporary files, merged. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readRecords, writeLines, writeRecords } from './record-file.js';

export interface SortOptions {
  /** Existing folder that a temporary folder is made in; removed at the end, however that comes. */
  tempFolder: string;
  /** Memory for one run, in UTF-16 code units of the records' JSON. */
  runUnits?: number;
  /** Most runs that are read at once. */
  fanIn?: number;
}

interface Held {
  key: string;
  json: string;
}

/** What a held record costs beyond its JSON, roughly, in code units. */
const UNITS_PER_RECORD = 64;

/** The records (plain JSON) in the order of their keys, by UTF-16 code units; equal keys keep their order. */
export async function* sortRecords<T>(
  records: AsyncIterable<T>,
  keyOf: (record: T) => string,
  { tempFolder, runUnits = 16 * 1024 * 1024, fanIn = 128 }: SortOptions,
): AsyncGenerator<T> {
  const folder = await mkdtemp(join(tempFolder, 'sort-'));
  try {
    const runs: string[] = [];
    let held: Held[] = [];
    let units = 0;
    for await (const record of records) {
      const key = keyOf(record);
      const json = JSON.stringify(record);
      held.push({ key, json });
      units += key.length + json.length + UNITS_PER_RECORD;
      if (units >= runUnits) {
        const run = join(folder, `${runs.length}.jsonl`);
        await writeLines(run, sorted(held), ({ json }) => json);
        runs.push(run);
        held = [];
        units = 0;
      }
    }
    // The last run stays in memory.
    yield* merge([...(await fewRuns(runs, keyOf, folder, fanIn)), parsed<T>(sorted(held))], keyOf);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Merges neighbouring runs into files until there are at most fanIn; neighbours, so that equal keys keep their order. */
async function fewRuns<T>(
  runs: string[],
  keyOf: (record: T) => string,
  folder: string,
  fanIn: number,
): Promise<AsyncIterable<T>[]> {
  let level = runs;
  for (let round = 1; level.length > fanIn; round++) {
    const next: string[] = [];
    for (let from = 0; from < level.length; from += fanIn) {
      const group = level.slice(from, from + fanIn);
      const merged = join(folder, `${round}-${next.length}.jsonl`);
      await writeRecords(
        merged,
        merge(
          group.map((run) => readRun<T>(run)),
          keyOf,
        ),
      );
      await Promise.all(group.map((run) => rm(run)));
      next.push(merged);
    }
    level = next;
  }
  return level.map((run) => readRun<T>(run));
}

/** Merges sorted sources; of equal keys the earlier source's record comes first. */
async function* merge<T>(sources: (AsyncIterable<T> | Iterable<T>)[], keyOf: (record: T) => string): AsyncGenerator<T> {
  const iterators = sources.map((source) =>
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator](),
  );
  // The next record of each source, in order; the smallest last, where it is cheap to take.
  const heads: { key: string; source: number; record: T }[] = [];
  const pull = async (source: number) => {
    const next = await iterators[source]!.next();
    if (next.done) return;
    const key = keyOf(next.value);
    let low = 0;
    let high = heads.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const head = heads[middle]!;
      if (head.key > key || (head.key === key && head.source > source)) low = middle + 1;
      else high = middle;
    }
    heads.splice(low, 0, { key, source, record: next.value });
  };
  try {
    for (const source of iterators.keys()) await pull(source);
    for (let head = heads.pop(); head !== undefined; head = heads.pop()) {
      yield head.record;
      await pull(head.source);
    }
  } finally {
    for (const iterator of iterators) await iterator.return?.();
  }
}

function readRun<T>(run: string): AsyncIterable<T> {
  return readRecords<T>(run, 64 * 1024);
}

function sorted(held: Held[]): Held[] {
  return held.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

function* parsed<T>(held: Held[]): Generator<T> {
  for (const { json } of held) yield JSON.parse(json) as T;
}
