/** npm run bench -- infer --encoder FOLDER [--rows FILE.jsonl] [--rounds N] [--alone]: from string to label with an INT8 student, beside
 *  onnxruntime in Python (INT8, by its own tool) and transformers (float32) with the same student, taking turns in one run. All
 *  have two threads. What each figure means: docs/benchmarks.md. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EncoderSettings } from '../../dist/contracts/student-settings.js';
import { loadStudent, trainInProcess } from '../../dist/students/index.js';
import { encoderArguments, LABELS, targetOf } from '../encoder-arguments.js';
import { machine, median, rounded } from '../machine.js';
import { PeerProcess, peerPython } from '../peer-python.js';

const PACKAGES = ['torch', 'transformers', 'onnxruntime', 'onnx'];
const PEERS = ['onnxruntime-int8', 'transformers'];
/** Of those tried with the peers on some of the texts, the best for them is taken. */
const BATCHES = [8, 16, 32, 64];
const TRIED = 256;
const ALONE = 300;

export async function bench(args) {
  const { alone, encoder, rounds, rows } = encoderArguments(args, { rounds: 3 });
  const texts = rows.map(({ text }) => text);
  const python = alone ? null : peerPython('inference', PACKAGES);
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-bench-'));
  try {
    const layersInFloat = await makeStudent(folder, encoder, rows);
    const figures = await compare({ folder, python, texts, rounds });
    console.log(JSON.stringify({ bench: 'infer', texts: texts.length, layersInFloat, ...machine(), ...figures }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Fine-tuned for one epoch: what a student has learnt decides how many of its layers stay in float32, and that its speed. */
async function makeStudent(folder, encoder, rows) {
  const examplesFile = join(folder, 'examples.jsonl');
  const example = ({ text, ...row }, i) => ({
    text,
    target: targetOf(row),
    validation: i % 5 === 0,
  });
  writeFileSync(examplesFile, rows.map((row, i) => `${JSON.stringify(example(row, i))}\n`).join(''));
  const settings = EncoderSettings.parse({ kind: 'encoder', encoder, epochs: 1 });
  const job = { kind: 'encoder', labels: LABELS, examplesFile, outputFolder: folder, settings, seed: 42 };
  const { chosen } = await trainInProcess(job, { onProgress: () => {} });
  if (chosen.int8 !== 1) throw new Error('the INT8 model did not pass the parity gate');
  return chosen.int8LayersInFloat;
}

/** python: null where nobody is beside it. */
async function compare({ folder, python, rounds, texts }) {
  const names = python === null ? [] : PEERS;
  const student = await loadStudent(folder);
  const script = fileURLToPath(new URL('./peers.py', import.meta.url));
  const peers = Object.fromEntries(names.map((name) => [name, new PeerProcess(python, script)]));
  try {
    for (const [name, peer] of Object.entries(peers)) await peer.ask({ load: name, folder, texts });
    const batch = {};
    for (const name of names) batch[name] = await bestBatch(peers[name], name);
    await student.predict(texts);
    const rows = [];
    const labels = {};
    for (let round = 0; round < rounds; round++) {
      const row = {};
      const started = performance.now();
      const answers = await student.predict(texts);
      row.tutelage = texts.length / ((performance.now() - started) / 1000);
      labels.tutelage = answers.map((shares) => shares.indexOf(Math.max(...shares)));
      for (const name of names) {
        const ran = await peers[name].ask({ run: name, batch: batch[name] });
        row[name] = texts.length / ran.seconds;
        labels[name] = ran.labels;
      }
      rows.push(row);
    }
    console.table(rows.map((row) => mapValues(row, (value) => rounded(value, 0))));
    const alone = await aloneFigures(student, peers, texts);
    const ofPeers = (figure) => Object.fromEntries(names.map((name) => [name, figure(name)]));
    return {
      rounds,
      textsASecond: medians(rows),
      timesPeer: ofPeers((name) => rounded(median(rows.map((row) => row.tutelage / row[name])), 2)),
      peerBatch: batch,
      aloneMs: alone,
      sameLabels: ofPeers((name) => rounded(sameShare(labels.tutelage, labels[name]), 4)),
    };
  } finally {
    for (const peer of Object.values(peers)) peer.stop();
    await student.close();
  }
}

async function bestBatch(peer, name) {
  const seconds = {};
  for (const size of BATCHES) seconds[size] = (await peer.ask({ run: name, batch: size, texts: TRIED })).seconds;
  return BATCHES.reduce((best, size) => (seconds[size] < seconds[best] ? size : best));
}

/** Milliseconds of a text that comes alone, at the median. */
async function aloneFigures(student, peers, texts) {
  const spent = [];
  for (const text of texts.slice(0, ALONE)) {
    const started = performance.now();
    await student.predict([text]);
    spent.push(performance.now() - started);
  }
  const figures = { tutelage: rounded(median(spent), 2) };
  for (const [name, peer] of Object.entries(peers)) {
    figures[name] = rounded(median((await peer.ask({ alone: name, texts: ALONE })).milliseconds), 2);
  }
  return figures;
}

function medians(rows) {
  return Object.fromEntries(Object.keys(rows[0]).map((key) => [key, rounded(median(rows.map((row) => row[key])), 0)]));
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

function sameShare(one, other) {
  return one.filter((label, row) => label === other[row]).length / one.length;
}
