/** A person reviews labels with files while the run waits, on a real server: the labels leave with a certificate. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { DistillationResult, LabelRow, Progress } from '../../src/contracts/index.js';
import { newFolder } from '../cli/tutelage-process.js';
import { type DemoFiles, demoFiles, demoReplies, readJsonl, writeJsonl } from '../support/demo-data.js';
import { startTutelage, startUp, tutelage } from '../support/local-run.js';
import { type ReplayTeacher, startTeacher } from '../support/replay-teacher.js';

const folder = newFolder();
const RUN = 'reviewed';
let teacher: ReplayTeacher;

type Wait = NonNullable<Progress['waitingFor']>;

beforeAll(async () => {
  [, teacher] = await Promise.all([startUp(folder), startTeacher({ replies: demoReplies, latencyMs: 2 })]);
});

/** Runs a command that has to succeed. */
async function ok(...args: string[]): Promise<string> {
  const { code, stderr, stdout } = await tutelage(args, { cwd: folder });
  if (code !== 0) throw new Error(`tutelage ${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function waitingAt(gate: string, revisions = 0): Promise<Progress & { waitingFor: Wait }> {
  for (let attempt = 0; attempt < 120; attempt++) {
    // At first the run may not have been started yet.
    const { code, stdout } = await tutelage(['watch', RUN, '--once', '--json'], { cwd: folder });
    const progress: Progress | null = code === 0 ? JSON.parse(stdout) : null;
    const { waitingFor = null } = progress ?? {};
    if (progress && waitingFor?.gate === gate && progress.revisions.length === revisions)
      return { ...progress, waitingFor };
    await sleep(500);
  }
  throw new Error(`the run did not come to the gate ${gate}`);
}

interface Reply {
  readonly text: string;
  readonly content: string;
}

/** The teacher from here on answers as if texts whose votes differed were all positive. Returns these texts. */
async function changeTeacher(): Promise<Set<string>> {
  const replies = readJsonl<Reply>(demoReplies);
  const labels = new Map<string, Set<string>>();
  for (const { content, text } of replies) {
    const label = /"label": ?"(\w+)"/.exec(content)?.[1];
    if (label !== undefined) labels.set(text, (labels.get(text) ?? new Set()).add(label));
  }
  const differing = new Set([...labels].flatMap(([text, named]) => (named.size > 1 ? [text] : [])));
  const content = JSON.stringify({ reason: 'by the new guideline', label: 'positive' });
  const changed = replies.map((reply) => (differing.has(reply.text) ? { ...reply, content } : reply));
  await teacher.stop();
  const file = writeJsonl(join(folder, 'changed.jsonl'), changed);
  teacher = await startTeacher({ replies: file, latencyMs: 2, port: Number(new URL(teacher.url).port) });
  return differing;
}

/** Fills in a review file: every label is right as the audit can't tell, or the first label of the file for one row. */
function decide(file: string, labelOf: (id: string) => string): string[] {
  const rows = readJsonl<{ id: string }>(join(folder, file)).map((row) => ({ ...row, decision: labelOf(row.id) }));
  writeFileSync(join(folder, file), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return rows.map(({ id }) => id);
}

it('goes from the doubtful labels over the audit to the gate, and the report tells the bound', async () => {
  const files = demoFiles(folder, { rows: 60, gold: 40 });
  const args = ['distill', 'financial-sentiment', '--corpus', files.corpus, '--gold', files.gold];
  args.push('--teacher-url', teacher.url, '--max-calls', '360');
  const weighed = ['--set', 'votes.aggregation=dawid-skene', '--set', 'gates.labels.maxErrorShare=0.5'];
  const running = await startTutelage([...args, ...weighed, '--id', RUN, '--yes', '--json'], { cwd: folder });

  const { checks, evidence } = (await waitingAt('labels')).waitingFor;
  expect(evidence).toMatch(/\nEstimated right: reasoned 1 \d+\.\d %, reasoned 2 /);
  expect(evidence).toContain('Votes are weighed (dawid-skene), as the task says.');
  expect(evidence).toContain('All 60 texts are ranked by doubt.');
  expect(checks.find(({ name }) => name === 'certified error share')).toMatchObject({ value: null, passed: false });
  const refused = await tutelage(['approve', RUN, '--as', 'ana', '--reviewed'], { cwd: folder });
  expect(refused.stderr).toContain('nobody has decided on a label of reviewed');

  const positive = await revisedGuideline(files);

  await ok('review', 'export', RUN, '--output', 'fix.jsonl', '--rows', '6');
  const fixed = decide('fix.jsonl', () => 'negative');
  await ok('review', 'import', RUN, 'fix.jsonl', '--as', 'ana');
  await ok('review', 'export', RUN, '--output', 'audit.jsonl', '--audit', '30', '--as', 'ben');
  const byTeacher = teacherLabels();
  decide('audit.jsonl', (id) => byTeacher.get(id) as string);
  expect(await ok('review', 'import', RUN, 'audit.jsonl', '--as', 'ben')).toContain(
    '0 of 30 labels drawn at random were wrong',
  );
  await ok('approve', RUN, '--gate', 'labels', '--as', 'carl', '--reviewed');

  await waitingAt('deployment', 1);
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
  const byNewGuideline = shipped.filter(({ revision }) => revision === 1);
  expect(byNewGuideline.map(({ text }) => text).sort()).toEqual(positive.sort());
  expect(new Set(byNewGuideline.map(({ teacherLabel }) => teacherLabel))).toEqual(new Set(['positive']));

  /** By id, from the review queue. */
  function teacherLabels(): Map<string, string | null> {
    const [run = ''] = runFolders();
    return new Map(
      readJsonl<{ id: string; label: string | null }>(join(run, 'review', 'queue-revision-1.jsonl')).map(
        ({ id, label }) => [id, label],
      ),
    );
  }
});

/** Asks again about the texts whose votes differ, under another guideline. Returns them, gold rows among them. */
async function revisedGuideline({ goldRows, rows }: DemoFiles): Promise<string[]> {
  const wrong = ['revise', RUN, '--as', 'ana', '--guideline', 'guideline.txt'];
  writeFileSync(join(folder, 'guideline.txt'), 'Call it positive where in doubt.\n');
  const unknown = await tutelage([...wrong, '--labels', 'postive'], { cwd: folder });
  expect(unknown.stderr).toContain('revision.labels: the task has no label "postive"; did you mean "positive"?');
  const nothing = await tutelage(wrong, { cwd: folder });
  expect(nothing.stderr).toContain('no text would be asked about again');

  const differing = await changeTeacher();
  const texts = [...rows, ...goldRows].map(({ text }) => text).filter((text) => differing.has(text));
  const gold = goldRows.filter(({ text }) => differing.has(text)).length;
  expect(gold).toBeGreaterThan(0);
  expect(texts.length).toBeGreaterThan(gold);
  expect(JSON.parse(await ok(...wrong, '--doubted', '--json'))).toMatchObject({
    decision: 'revise',
    revision: { number: 1, texts: texts.length, goldTexts: gold, callsAtMost: 3 * texts.length },
  });
  const { annotation, gold: ofGold, revisions, waitingFor } = await waitingAt('labels', 1);
  // Only they were asked about, once each, and the budget held.
  expect(await teacher.stats()).toMatchObject({ questions: 3 * texts.length, paidTwice: 0, unknown: 0 });
  expect(annotation.calls + ofGold.calls).toBeLessThanOrEqual(360);
  expect(revisions[0]).toMatchObject({ reviewer: 'ana', texts: texts.length, unanswered: 0, agreement: { after: 1 } });
  expect(revisions[0]?.changes.map(({ to }) => to)).toContain('positive');
  expect(waitingFor.evidence).toContain(`revision 1 by ana: ${texts.length} texts asked about again`);
  const queue = JSON.parse(readFileSync(join(runFolders()[0]!, 'review', 'queue.json'), 'utf8'));
  expect(queue).toMatchObject({ guideline: 'Call it positive where in doubt.', labelsVersion: 1 });
  expect(await ok('review', 'log', RUN)).toContain('under: "Call it positive where in doubt."');
  return texts;
}

function runFolders(): string[] {
  const runs = join(folder, '.tutelage', 'store', 'runs', RUN);
  return readdirSync(runs).map((name) => join(runs, name));
}
