/** A person reviews labels with files while the run waits, on a real server: the labels leave with a certificate. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { DistillationResult, LabelRow, Progress } from '../../src/contracts/index.js';
import { newFolder } from '../cli/tutelage-process.js';
import { demoFiles, demoReplies, readJsonl } from '../support/demo-data.js';
import { startTutelage, startUp, tutelage } from '../support/local-run.js';
import { startTeacher } from '../support/replay-teacher.js';

const folder = newFolder();
const RUN = 'reviewed';
let url: string;

beforeAll(async () => {
  const [, teacher] = await Promise.all([startUp(folder), startTeacher({ replies: demoReplies, latencyMs: 2 })]);
  url = teacher.url;
});

/** Runs a command that has to succeed. */
async function ok(...args: string[]): Promise<string> {
  const { code, stderr, stdout } = await tutelage(args, { cwd: folder });
  if (code !== 0) throw new Error(`tutelage ${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function waitingAt(gate: string): Promise<NonNullable<Progress['waitingFor']>> {
  for (let attempt = 0; attempt < 120; attempt++) {
    // At first the run may not have been started yet.
    const { code, stdout } = await tutelage(['watch', RUN, '--once', '--json'], { cwd: folder });
    const progress: Progress | null = code === 0 ? JSON.parse(stdout) : null;
    if (progress?.waitingFor?.gate === gate) return progress.waitingFor;
    await sleep(500);
  }
  throw new Error(`the run did not come to the gate ${gate}`);
}

/** Fills in a review file: every label is right as the audit can't tell, or the first label of the file for one row. */
function decide(file: string, labelOf: (id: string) => string): string[] {
  const rows = readJsonl<{ id: string }>(join(folder, file)).map((row) => ({ ...row, decision: labelOf(row.id) }));
  writeFileSync(join(folder, file), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return rows.map(({ id }) => id);
}

it('goes from the doubtful labels over the audit to the gate, and the report tells the bound', async () => {
  const files = demoFiles(folder, { rows: 60, gold: 40 });
  const args = ['distill', 'financial-sentiment', '--corpus', files.corpus, '--gold', files.gold, '--teacher-url', url];
  const weighed = ['--set', 'votes.aggregation=dawid-skene', '--set', 'gates.labels.maxErrorShare=0.5'];
  const running = await startTutelage([...args, ...weighed, '--id', RUN, '--yes', '--json'], { cwd: folder });

  const { checks, evidence } = await waitingAt('labels');
  expect(evidence).toContain('Votes are weighed (dawid-skene); estimated right: reasoned 1 ');
  expect(evidence).toContain('All 60 texts are ranked by doubt.');
  expect(checks.find(({ name }) => name === 'certified error share')).toMatchObject({ value: null, passed: false });
  const refused = await tutelage(['approve', RUN, '--as', 'ana', '--reviewed'], { cwd: folder });
  expect(refused.stderr).toContain('nobody has decided on a label of reviewed');

  await ok('review', 'export', RUN, '--output', 'fix.jsonl', '--rows', '6');
  const fixed = decide('fix.jsonl', () => 'negative');
  await ok('review', 'import', RUN, 'fix.jsonl', '--as', 'ana');
  await ok('review', 'export', RUN, '--output', 'audit.jsonl', '--audit', '30', '--as', 'ben');
  const teacher = teacherLabels();
  decide('audit.jsonl', (id) => teacher.get(id) as string);
  expect(await ok('review', 'import', RUN, 'audit.jsonl', '--as', 'ben')).toContain(
    '0 of 30 labels drawn at random were wrong',
  );
  await ok('approve', RUN, '--gate', 'labels', '--as', 'carl', '--reviewed');

  await waitingAt('deployment');
  await ok('approve', RUN, '--gate', 'deployment', '--as', 'carl');
  const { stdout } = await running.ended;
  const result: DistillationResult = JSON.parse(stdout.trim().split('\n').at(-1) as string);
  const certified = result.gates.labels?.checks.find(({ name }) => name === 'certified error share');
  expect(certified).toMatchObject({ passed: true, limit: 0.5 });
  const bound = /At most \d+\.\d % of the labels are wrong \(\d+ of 60\), at 95 % confidence/;
  expect(certified?.about).toMatch(bound);
  expect(readFileSync(fileURLToPath(result.evaluation?.report as string), 'utf8')).toMatch(bound);
  const shipped = readJsonl<LabelRow>(fileURLToPath(result.labels?.uri as string));
  const byAna = shipped.filter(({ correctedBy }) => correctedBy === 'ana');
  expect(byAna.map(({ id }) => id).sort()).toEqual(fixed.sort());
  expect(new Set(byAna.map(({ label }) => label))).toEqual(new Set(['negative']));
  expect(shipped.filter(({ correctedBy }) => correctedBy === 'ben')).toHaveLength(30);

  /** By id, from the review queue. */
  function teacherLabels(): Map<string, string | null> {
    const [run = ''] = runFolders();
    return new Map(
      readJsonl<{ id: string; label: string | null }>(join(run, 'review', 'queue.jsonl')).map(({ id, label }) => [
        id,
        label,
      ]),
    );
  }
});

function runFolders(): string[] {
  const runs = join(folder, '.tutelage', 'store', 'runs', RUN);
  return readdirSync(runs).map((name) => join(runs, name));
}
