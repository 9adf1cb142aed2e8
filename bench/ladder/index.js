/** npm run bench -- ladder --encoder FOLDER [--rows FILE.jsonl] [--output PICTURE.svg]: a run over the recorded votes (docs/recorded-data.md),
 *  as a user starts it, with the default ladder on that encoder: a stand-in for the teacher replays the votes, the labels are taken
 *  as they are, every step is trained and compared, and one is taken by rule. Prints the ladder's report. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LadderSettings } from '../../dist/contracts/index.js';
import { RECORDED, readRows } from '../encoder-arguments.js';
import { machine, rounded } from '../machine.js';

const launcher = fileURLToPath(new URL('../../bin/tutelage.js', import.meta.url));
const FOLDS = 5;
/** Row i is a gold row where i mod 5 is this. */
const GOLD_FOLD = 0;

export async function bench(args) {
  const { encoder, output, rows } = ladderArguments(args);
  if (!existsSync(rows)) {
    console.log(`skipped: ${rows} is not there (recorded data that may not be part of this project)`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-bench-'));
  const files = writeFiles(folder, readRows(rows));
  const teacher = await startTeacher(files.replies);
  try {
    const result = distill(folder, { ...files, encoder, url: teacher.url });
    const report = dirname(dirname(fileURLToPath(result.student.uri)));
    console.log(readFileSync(join(report, 'ladder.md'), 'utf8'));
    if (output !== undefined) copyFileSync(join(report, 'ladder.svg'), output);
    const ladder = JSON.parse(readFileSync(join(report, 'ladder.json'), 'utf8'));
    const right = ({ accuracy }) => rounded(accuracy, 4);
    const { rows: goldRows, student, teacher: ofTeacher } = result.evaluation;
    const gold = { rows: goldRows, student: right(student), teacher: right(ofTeacher) };
    console.log(JSON.stringify({ bench: 'ladder', ...machine(), ladder, gold }));
  } finally {
    teacher.process.kill();
    spawnSync(process.execPath, [launcher, 'down'], { cwd: folder });
    rmSync(folder, { recursive: true, force: true });
  }
}

function ladderArguments(args) {
  const text = { type: 'string' };
  const options = { encoder: text, rows: { ...text, default: RECORDED }, output: text };
  const { values } = parseArgs({ args, options });
  if (values.encoder === undefined)
    throw new Error('--encoder: name the folder of an encoder, all-MiniLM-L6-v2 for one');
  return { ...values, encoder: resolve(values.encoder) };
}

/** Each different text once; the corpus does not tell the experts' labels. */
function writeFiles(folder, rows) {
  const write = (name, lines) => {
    writeFileSync(join(folder, name), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return join(folder, name);
  };
  const isGold = (row) => row % FOLDS === GOLD_FOLD;
  const different = [...new Map([...rows].reverse().map((row) => [row.text, row])).values()].reverse();
  return {
    corpus: write(
      'corpus.jsonl',
      rows.filter((_, row) => !isGold(row)).map(({ text }) => ({ text })),
    ),
    gold: write(
      'gold.jsonl',
      rows.filter((_, row) => isGold(row)).map(({ text, expert }) => ({ text, label: expert })),
    ),
    replies: write('replies.jsonl', different.flatMap(replies)),
  };
}

/** An answer whose reason is FAIL could not be read. */
function replies({ cot, text }) {
  return cot.map(({ label, reason }, sample) => ({
    ...{ text, prompt: 'reasoned', sample },
    content: reason === 'FAIL' ? 'could not be read' : JSON.stringify({ reason, label }),
  }));
}

async function startTeacher(file) {
  const child = spawn(process.execPath, [launcher, 'teacher', '--replies', file, '--latency', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { process: child, url: JSON.parse(line).url };
}

/** The result of the run. Its progress goes to stderr. */
function distill(folder, { corpus, encoder, gold, url }) {
  const steps = LadderSettings.parse({ kind: 'ladder' }).steps.map((step) =>
    step.kind === 'linear' ? { kind: 'linear' } : { kind: step.kind, encoder },
  );
  const student = `student=${JSON.stringify({ kind: 'ladder', steps })}`;
  const options = ['--teacher-url', url, '--set', student, '--approve-as', 'bench', '--json'];
  const args = [launcher, 'distill', 'financial-sentiment', '--corpus', corpus, '--gold', gold, ...options];
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`tutelage distill ended with code ${status}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}
