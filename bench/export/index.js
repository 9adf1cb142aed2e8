/** npm run bench -- export --student FOLDER --rows FILE.jsonl [--alone]: an encoder student's folder loaded in Python by onnxruntime, optimum
 *  and transformers, and how far their answers are from the student's own, a text at a time. --alone: no Python, its INT8 model beside float32. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadStudent } from '../../dist/students/index.js';
import { machine } from '../machine.js';
import { peerPython } from '../peer-python.js';

const SCRIPT = fileURLToPath(new URL('./answers.py', import.meta.url));
const FILES = [
  'config.json',
  'model.onnx',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
  'modeling_student.py',
];
const MOST_TEXTS = 300;
/** Characters. */
const LONG = 20_000;
const MOST_BYTES = 64 * 2 ** 20;

export async function bench(args) {
  const text = { type: 'string' };
  const { values } = parseArgs({
    args,
    options: { student: text, rows: text, alone: { type: 'boolean', default: false } },
  });
  if (!values.student || !values.rows) throw new Error('--student FOLDER and --rows FILE.jsonl are needed');
  const lines = readFileSync(values.rows, 'utf8').trim().split('\n').slice(0, MOST_TEXTS);
  const texts = lines.map((line) => JSON.parse(line).text);
  // Longer than a student reads: all must cut it at the same token.
  texts.push(texts.join(' ').slice(0, LONG));
  const scratch = mkdtempSync(join(tmpdir(), 'tutelage-bench-'));
  try {
    const { versions, ways } = values.alone
      ? { versions: {}, ways: {} }
      : answersOfPython(values.student, texts, scratch);
    const own = {
      int8: await answersOf(values.student, texts),
      float32: await answersOf(float32Of(values.student, scratch), texts),
    };
    const differences = Object.entries({ ...ways, ...(values.alone && { 'its own INT8 model': own.int8 }) }).map(
      ([way, answers]) => compared(way, answers, own[way.includes('quantized') ? 'int8' : 'float32']),
    );
    console.table(differences);
    console.log(JSON.stringify({ bench: 'export', texts: texts.length, ...machine(), versions, differences }));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** By each of its ways. */
function answersOfPython(folder, texts, scratch) {
  const python = peerPython('optimum', ['torch', 'optimum[onnxruntime]']);
  writeFileSync(join(scratch, 'texts.json'), JSON.stringify(texts));
  const { status, stdout } = spawnSync(python, [SCRIPT, resolve(folder), join(scratch, 'texts.json')], {
    encoding: 'utf8',
    maxBuffer: MOST_BYTES,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`Python ended with code ${status}`);
  return JSON.parse(stdout);
}

/** The same folder without the INT8 model: the float32 model answers. */
function float32Of(student, scratch) {
  for (const file of FILES) symlinkSync(resolve(student, file), join(scratch, file));
  return scratch;
}

async function answersOf(folder, texts) {
  const student = await loadStudent(folder);
  try {
    const answers = [];
    for (const text of texts) answers.push(...(await student.predict([text])));
    return answers;
  } finally {
    await student.close();
  }
}

function compared(way, answers, own) {
  const best = (shares) => shares.indexOf(Math.max(...shares));
  const difference = Math.max(
    ...answers.flatMap((shares, row) => shares.map((share, k) => Math.abs(share - own[row][k]))),
  );
  const same = answers.filter((shares, row) => best(shares) === best(own[row])).length;
  return { way, largestDifference: Number(difference.toPrecision(2)), sameLabels: `${same} of ${answers.length}` };
}
