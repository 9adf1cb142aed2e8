/** What the benchmarks of encoders are given: --encoder FOLDER [--rows FILE.jsonl] [--rounds N] [--alone]. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** Beside the checkout: recorded votes that may not be part of this project. */
export const RECORDED = '../shared/data/financial-phrasebank/mixtral-train.jsonl';

/** Of the rows, in `label` or `majority`. */
export const LABELS = ['negative', 'neutral', 'positive'];

/** `rounds` is what a benchmark does without being told otherwise. alone: without its peers, so that nothing is installed. */
export function encoderArguments(args, { rounds: usual = 5 } = {}) {
  const { values } = parseArgs({
    args,
    options: {
      encoder: { type: 'string' },
      rows: { type: 'string', default: 'examples/demo/gold.jsonl' },
      rounds: { type: 'string', default: String(usual) },
      alone: { type: 'boolean', default: false },
    },
  });
  const { alone, encoder, rounds, rows: file } = values;
  if (encoder === undefined) throw new Error('--encoder: name the folder of an encoder, all-MiniLM-L6-v2 for one');
  return { alone, encoder, rounds: Number(rounds), rows: readRows(file) };
}

export function readRows(file) {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

/** 1 for the row's label. */
export function targetOf(row) {
  return LABELS.map((label) => Number(label === (row.label ?? row.majority)));
}
