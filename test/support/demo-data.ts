/** For end-to-end tests: small corpora, gold rows and recorded replies cut from the demo's data. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DemoRow {
  readonly id: string;
  readonly text: string;
  /** The author's label: `reference` in the corpus, `label` in the gold rows. */
  readonly reference?: string;
  readonly label?: string;
}

export interface DemoFiles {
  readonly corpus: string;
  readonly gold: string;
  readonly rows: readonly DemoRow[];
  readonly goldRows: readonly DemoRow[];
}

const demo = join(__dirname, '..', '..', 'examples', 'demo');

/** Three reasoned replies to each of the demo's texts. */
export const demoReplies = join(demo, 'replies.jsonl');

/** The demo's first rows of the corpus, and of the gold rows, as files of the folder. */
export function demoFiles(folder: string, { rows, gold }: { rows: number; gold: number }): DemoFiles {
  const corpusRows = readJsonl<DemoRow>(join(demo, 'corpus.jsonl')).slice(0, rows);
  const goldRows = readJsonl<DemoRow>(join(demo, 'gold.jsonl')).slice(0, gold);
  return {
    corpus: writeJsonl(join(folder, `corpus-${rows}.jsonl`), corpusRows),
    gold: writeJsonl(join(folder, `gold-${gold}.jsonl`), goldRows),
    rows: corpusRows,
    goldRows,
  };
}

export function readJsonl<Row>(path: string): Row[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

/** Returns the path. */
export function writeJsonl(path: string, rows: readonly unknown[]): string {
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}
