/** Training jobs on rows with labels, every fifth row held out. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EncoderSettings } from '../../dist/contracts/index.js';
import { LABELS, targetOf } from '../encoder-arguments.js';

const VALIDATION_EVERY = 5;

/** Its files lie in the folder. Settings that are not given have their defaults. */
export function trainingJob(folder, rows, settings) {
  const examplesFile = join(folder, 'examples.jsonl');
  const lines = rows.map((row, index) =>
    JSON.stringify({ text: row.text, target: targetOf(row), validation: index % VALIDATION_EVERY === 0 }),
  );
  writeFileSync(examplesFile, lines.join('\n'));
  return {
    kind: 'encoder',
    labels: LABELS,
    examplesFile,
    outputFolder: join(folder, 'student'),
    settings: EncoderSettings.parse({ kind: 'encoder', ...settings }),
    seed: 1,
  };
}

export async function withTempFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
