/** Makes training jobs in folders that are removed after the test file. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OneStudentSettings, type TrainingExample } from '../../src/contracts/index.js';
import type { TrainingJob } from '../../src/students/student.js';

const root = mkdtempSync(join(tmpdir(), 'tutelage-students-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;

export function emptyFolder(): string {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  return folder;
}

/** Writes the examples and names an empty output folder. Settings not given have their defaults. */
export function trainingJob(
  labels: readonly string[],
  examples: readonly TrainingExample[],
  settings: Partial<OneStudentSettings> = {},
): TrainingJob {
  const examplesFile = join(emptyFolder(), 'examples.jsonl');
  writeFileSync(examplesFile, examples.map((example) => `${JSON.stringify(example)}\n`).join(''));
  const parsed = OneStudentSettings.parse(settings);
  return { kind: parsed.kind, labels, examplesFile, outputFolder: emptyFolder(), settings: parsed, seed: 42 };
}

export const toyLabels = ['cold', 'mild', 'hot'];

const toyWords = [
  ['ice', 'snow', 'frost', 'freezing'],
  ['spring', 'breeze', 'gentle', 'cloudy'],
  ['desert', 'scorching', 'blazing', 'sunburn'],
];
const fillers = ['today', 'the', 'weather', 'report', 'says', 'outside', 'morning', 'again'];

/** Texts of filler words with two words that tell the label; every fifth is for validation. Labels take turns. */
export function toyExamples(count: number): TrainingExample[] {
  return Array.from({ length: count }, (_, index) => {
    const label = index % 3;
    const words = toyWords[label]!;
    const turn = Math.floor(index / 3);
    const filler = (shift: number) => fillers[(turn * 3 + shift) % fillers.length];
    const text = `${filler(0)} ${words[turn % 4]} ${filler(1)} ${filler(2)} ${words[(turn + 1 + (turn % 3)) % 4]} ${filler(5)}`;
    return { text, target: [0, 1, 2].map((k) => (k === label ? 1 : 0)), validation: turn % 5 === 0 };
  });
}
