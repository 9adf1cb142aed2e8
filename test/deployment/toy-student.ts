/** Students for tests of what answers with them. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ArtifactRef, OneStudentSettings } from '../../src/contracts/index.js';
import type { Store } from '../../src/store/index.js';
import { trainInProcess } from '../../src/students/index.js';

/** A linear student that says the first label to "fell" and the second to "rose"; its files in the store. */
export async function toyStudent(
  store: Store,
  folder: string,
  name: string,
  labels: readonly string[],
): Promise<ArtifactRef[]> {
  const outputFolder = join(folder, name);
  mkdirSync(outputFolder);
  const examples = Array.from({ length: 40 }, (_, index) => {
    const rose = index % 2 === 1;
    const text = `Orders ${rose ? 'rose' : 'fell'} by ${index} percent in the quarter.`;
    return JSON.stringify({ text, target: rose ? [0, 1] : [1, 0], validation: index % 10 > 7 });
  });
  const examplesFile = join(folder, `${name}.jsonl`);
  writeFileSync(examplesFile, examples.join('\n'));
  const settings = OneStudentSettings.parse({ buckets: 4096, strengths: [10], maxMemoryMb: 1024 });
  const job = { kind: 'linear', labels, examplesFile, outputFolder, settings, seed: 1 };
  await trainInProcess(job, { onProgress: () => {} });
  const files = readdirSync(outputFolder);
  return Promise.all(files.map((file) => store.write(`runs/${name}/${file}`, readFileSync(join(outputFolder, file)))));
}
