/** The linear student on the recorded replies of a real teacher, against the experts' labels. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { studentKind, trainInProcess } from '../../src/students/index.js';
import { likeliest } from '../../src/students/training-examples.js';
import { trainingJob } from './training-job.js';

interface RecordedRow {
  readonly text: string;
  readonly expert: string;
  readonly cot: readonly { readonly reason: string; readonly label: string }[];
  readonly majority: string;
}

const file = join(__dirname, '../../../shared/data/financial-phrasebank/mixtral-train.jsonl');
const wanted = process.env.TEST_RECORDED === '1';
const present = wanted && existsSync(file);
if (!wanted) console.log('skipped: the student on five folds of recorded data takes a minute (npm run test:recorded)');
else if (!present) console.log(`skipped: ${file} is not there (recorded data that may not be part of this project)`);

const labels = ['negative', 'neutral', 'positive'];
const folds = [0, 1, 2, 3, 4];

(present ? describe : describe.skip)('the linear student at C = 10 on the recorded data, over five folds', () => {
  it.each([
    { targets: 'hard' as const, least: 0.858, leastF1: 0.807 },
    { targets: 'soft' as const, least: 0.864, leastF1: 0.815 },
  ])(
    'agrees with the experts on at least $least of the rows after $targets targets',
    async ({ targets, least, leastF1 }) => {
      const rows: RecordedRow[] = readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const accuracies: number[] = [];
      const macroF1s: number[] = [];
      for (const fold of folds) {
        const examples = rows
          .filter((_, i) => i % 5 !== fold)
          .map((row, i) => ({ text: row.text, target: targetOf(row, targets), validation: i % 7 === 0 }));
        const job = trainingJob(labels, examples, { targets, strengths: [10] });
        await trainInProcess(job, { onProgress: () => {} });
        const tested = rows.filter((_, i) => i % 5 === fold);
        const student = await studentKind('linear').load(job.outputFolder);
        try {
          const answers = (await student.predict(tested.map(({ text }) => text))).map(
            (each) => labels[likeliest(each)]!,
          );
          accuracies.push(accuracy(tested, answers));
          macroF1s.push(macroF1(tested, answers));
        } finally {
          await student.close();
        }
      }
      console.log(`${targets} targets: accuracy ${mean(accuracies).toFixed(4)}, macro F1 ${mean(macroF1s).toFixed(4)}`);
      expect(mean(accuracies)).toBeGreaterThanOrEqual(least);
      expect(mean(macroF1s)).toBeGreaterThanOrEqual(leastF1);
    },
    300_000,
  );
});

/** soft: shares of the readable votes; hard: the article's majority label. */
function targetOf(row: RecordedRow, targets: 'soft' | 'hard'): number[] {
  const votes = row.cot.filter(({ reason, label }) => reason !== 'FAIL' && labels.includes(label));
  if (targets === 'hard' || votes.length === 0) return labels.map((label) => (label === row.majority ? 1 : 0));
  return labels.map((label) => votes.filter((vote) => vote.label === label).length / votes.length);
}

function accuracy(rows: readonly RecordedRow[], answers: readonly string[]): number {
  return rows.filter(({ expert }, i) => expert === answers[i]).length / rows.length;
}

function macroF1(rows: readonly RecordedRow[], answers: readonly string[]): number {
  return mean(
    labels.map((label) => {
      const right = rows.filter(({ expert }, i) => expert === label && answers[i] === label).length;
      const expected = rows.filter(({ expert }) => expert === label).length;
      const given = answers.filter((answer) => answer === label).length;
      return (2 * right) / (expected + given);
    }),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
