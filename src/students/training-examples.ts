/** Reading the file of training examples, a line at a time. */
import { createReadStream } from 'node:fs';
import { TrainingExample } from '../contracts/index.js';
import type { TrainingJob } from './student.js';
import { ExampleError } from './student-errors.js';

/** What is known of a job before anything is fitted. */
export interface ExampleSurvey {
  readonly examples: number;
  /** Those of them that are held out for choices. */
  readonly validation: number;
  /** UTF-16 code units of all texts. */
  readonly characters: number;
  /** Of the longest text. */
  readonly longest: number;
  /** Examples whose likeliest label it is, in the order of the labels. */
  readonly perLabel: readonly number[];
}

/** The job's examples in the order of the file. Throws ExampleError. */
export async function* readExamples(job: TrainingJob): AsyncGenerator<TrainingExample> {
  let number = 0;
  for await (const line of readLines(job.examplesFile)) {
    number++;
    if (line !== '') yield parseExample(line, number, job.labels.length);
  }
}

export async function surveyExamples(job: TrainingJob): Promise<ExampleSurvey> {
  const perLabel = job.labels.map(() => 0);
  let [examples, validation, characters, longest] = [0, 0, 0, 0];
  for await (const example of readExamples(job)) {
    examples++;
    if (example.validation) validation++;
    characters += example.text.length;
    longest = Math.max(longest, example.text.length);
    const label = likeliest(example.target);
    perLabel[label] = perLabel[label]! + 1;
  }
  return { examples, validation, characters, longest, perLabel };
}

/** Number of the label with the highest probability; the first of equals. */
export function likeliest(probabilities: ArrayLike<number>): number {
  let best = 0;
  for (let label = 1; label < probabilities.length; label++) {
    if (probabilities[label]! > probabilities[best]!) best = label;
  }
  return best;
}

/** Splits at "\n" only: node:readline also splits at U+2028, which JSON strings may hold. */
export async function* readLines(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  yield rest;
}

function parseExample(line: string, number: number, labels: number): TrainingExample {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new ExampleError(number, 'is not JSON');
  }
  const checked = TrainingExample.safeParse(parsed);
  if (!checked.success) {
    const issue = checked.error.issues[0]!;
    throw new ExampleError(number, `${issue.path.join('.')}: ${issue.message}`);
  }
  const { target } = checked.data;
  const sum = target.reduce((total, share) => total + share, 0);
  if (target.length !== labels || target.some((share) => share < 0) || Math.abs(sum - 1) > 1e-6) {
    throw new ExampleError(number, `target must be ${labels} probabilities that sum to 1`);
  }
  return checked.data;
}
