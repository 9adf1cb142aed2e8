/** A run that trains a ladder of students, takes one by rule, and deploys it with its card. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LadderReport, LearningCurve } from '../../src/contracts/index.js';
import { newFolder } from '../cli/tutelage-process.js';
import { makeTinyEncoder } from '../students/encoder/tiny-encoder.js';
import { demoFiles, demoReplies } from '../support/demo-data.js';
import { resultOf, startUp, tutelage } from '../support/local-run.js';
import { type ReplayTeacher, startTeacher } from '../support/replay-teacher.js';

const folder = newFolder();
let teacher: ReplayTeacher;

beforeAll(async () => {
  [, teacher] = await Promise.all([startUp(folder), startTeacher({ replies: demoReplies, latencyMs: 1 })]);
});

it('compares the steps on the same held-out rows, takes the cheapest that is good enough, and says why', async () => {
  const encoder = await makeTinyEncoder(join(folder, 'tiny'));
  const steps = [
    { kind: 'linear' },
    { kind: 'frozen', encoder },
    { kind: 'encoder', encoder, epochs: 1 },
    { kind: 'frozen', encoder: join(folder, 'nowhere') },
  ];
  const files = demoFiles(folder, { rows: 80, gold: 20 });
  const args = ['distill', 'financial-sentiment', '--corpus', files.corpus, '--gold', files.gold];
  const student = `student=${JSON.stringify({ kind: 'ladder', steps, margin: 0.02 })}`;
  const gates = ['--set', 'gates.labels.minExamplesPerClass=1'];
  const ended = await tutelage(
    [...args, '--teacher-url', teacher.url, '--set', student, ...gates, '--approve-as', 'ci', '--json'],
    { cwd: folder, timeoutMs: 400_000 },
  );
  expect(ended.stderr).not.toMatch(/✘/);
  expect(ended.code).toBe(0);
  const result = resultOf(ended);

  const version = fileURLToPath(result.deployment?.uri ?? '');
  const trained = fileURLToPath(result.student?.uri ?? '');
  const report = LadderReport.parse(JSON.parse(readFileSync(join(dirname(dirname(trained)), 'ladder.json'), 'utf8')));
  expect(report.steps.map(({ name }) => name)).toEqual(['linear', 'frozen tiny', 'fine-tuned tiny']);
  expect(report.refused).toEqual([{ name: 'frozen nowhere', reason: expect.stringContaining('no such folder') }]);
  // Of 80 texts all are held out once, in five folds.
  expect(report).toMatchObject({ rows: 80, folds: 5, margin: 0.02 });
  const good = report.steps.find(({ lossToBest }) => lossToBest <= 0.02);
  expect(report.chosen).toBe(good?.name);
  for (const { modelBytes, textsPerSecond, trainSeconds } of report.steps) {
    expect(Math.min(modelBytes, textsPerSecond, trainSeconds)).toBeGreaterThan(0);
  }
  expect(result.student?.kind).toBe(
    { linear: 'linear', 'frozen tiny': 'frozen', 'fine-tuned tiny': 'encoder' }[report.chosen],
  );

  const card = readFileSync(join(version, 'student', 'README.md'), 'utf8');
  expect(card).toContain('# financial-sentiment');
  expect(card).toMatch(/ s \(\d+\.\d s with the students that it was compared with\) on .* of CO2 equivalents/s);

  // The labels of the run can be asked whether more of them would help.
  const asked = await tutelage(
    ['curve', result.workflowId, '--repeats', '2', '--more', '50', '--output', 'curve.svg', '--json'],
    {
      cwd: folder,
      timeoutMs: 400_000,
    },
  );
  expect(asked.code).toBe(0);
  const curve = LearningCurve.parse(asked.json);
  expect(curve.more).toBe(50);
  expect(curve.points.map(({ examples }) => examples)).toEqual(
    curve.points.map(({ examples }) => examples).sort((a, b) => a - b),
  );
  expect(readFileSync(join(folder, 'curve.svg'), 'utf8')).toContain('labels learned from');
}, 850_000);
