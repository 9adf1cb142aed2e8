/** npm run bench -- train --encoder FOLDER [--rows FILE.jsonl] [--rounds N] [--alone]: fine-tuning steps beside PyTorch on the same batches
 *  (16 texts, none of them cut off), taking turns in one run, each with a thread a core; then the memory of a whole training.
 *  npm run bench -- train --size roberta-base|tiny [--steps N] [--rows FILE.jsonl]: large.js. What both mean: docs/benchmarks.md. */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { learningRateAt } from '../../dist/students/encoder/adamw.js';
import { epochBatches } from '../../dist/students/encoder/batches.js';
import { prepareExamples } from '../../dist/students/encoder/encoder-examples.js';
import { randomNumbers } from '../../dist/students/encoder/random.js';
import { startingClassifier } from '../../dist/students/encoder/starting-classifier.js';
import { Trainer } from '../../dist/students/encoder/trainer.js';
import { trainInProcess } from '../../dist/students/index.js';
import { encoderArguments, LABELS } from '../encoder-arguments.js';
import { machine, median, rounded } from '../machine.js';
import { PeerProcess, peerPython } from '../peer-python.js';
import { trainingJob, withTempFolder } from './job.js';
import { benchLarge } from './large.js';

const PEER = fileURLToPath(new URL('./peer.py', import.meta.url));
/** Steps of a turn. */
const TURN = 12;
const PEAK_RATE = 5e-5;
/** The largest batches, which PyTorch is given once more for its peak. */
const LARGEST = 3;

export async function bench(args) {
  if (args.includes('--size')) return benchLarge(args);
  const { alone, encoder, rounds, rows } = encoderArguments(args);
  const python = alone ? null : peerPython('training', ['torch', 'transformers']);
  await withTempFolder(async (folder) => {
    const job = trainingJob(folder, rows, { encoder, epochs: 1, learningRate: PEAK_RATE });
    const peer = python === null ? null : new PeerProcess(python, PEER);
    await peer?.ask({ encoder, labels: LABELS.length, threads: machine().cores, rate: PEAK_RATE });
    const { largest, turns } = await takeTurns(job, peer, rounds);
    const ofPeer = await peer?.ask({ batches: largest });
    peer?.stop();
    mkdirSync(job.outputFolder);
    const { memoryMb } = await trainInProcess(job, { onProgress: () => {} });
    console.table(turns);
    const medianOf = (figure) => rounded(median(turns.map(figure)));
    const secondsAStep = { tutelage: medianOf(({ tutelage }) => tutelage) };
    const memory = { tutelage: memoryMb };
    if (peer !== null) {
      secondsAStep.pytorch = medianOf(({ pytorch }) => pytorch);
      memory.pytorch = { peak: ofPeer.peakMemoryMb };
    }
    const timesPeer = peer === null ? null : medianOf(({ pytorch, tutelage }) => tutelage / pytorch);
    const figures = { secondsAStep, timesPeer, memoryMb: memory };
    console.log(JSON.stringify({ bench: 'train', rounds, steps: TURN, ...machine(), ...figures }));
  });
}

/** peer: null where nobody is beside it. */
async function takeTurns(job, peer, rounds) {
  const { encoder, batchSize, microBatchTokens } = job.settings;
  const { fitting, vocabulary } = (await prepareExamples(job)).examples;
  const lengths = fitting.ids.map((text) => text.length);
  const batches = epochBatches(lengths, batchSize, randomNumbers(1, 'batches'));
  const classifier = await startingClassifier(encoder, vocabulary, { labels: LABELS.length, seed: 1 });
  const trainer = await Trainer.create(classifier, {
    ...{ seed: 1, batchSize, microBatchTokens, longest: Math.max(...lengths) },
  });
  const forPeer = (rows) => ({
    ids: rows.map((row) => fitting.ids[row].map((word) => vocabulary[word])),
    targets: rows.map((row) => fitting.targets[row]),
  });
  const turns = [];
  // The first turn warms both up.
  for (let turn = 0; turn <= rounds; turn++) {
    const steps = Array.from({ length: TURN }, (_, index) => turn * TURN + index);
    const started = performance.now();
    for (const step of steps) {
      const rows = batches[step % batches.length];
      const targets = rows.map((row) => fitting.targets[row].map((share) => share / rows.length));
      await trainer.step(
        step,
        { ids: rows.map((row) => fitting.ids[row]), targets },
        learningRateAt(step + 1, 1000, PEAK_RATE),
      );
    }
    const ours = (performance.now() - started) / 1000;
    const theirs = await peer?.ask({ batches: steps.map((step) => forPeer(batches[step % batches.length])) });
    if (turn === 0) continue;
    const pytorch = theirs && { pytorch: rounded(theirs.seconds / TURN, 4) };
    turns.push({ tutelage: rounded(ours / TURN, 4), ...pytorch });
  }
  await trainer.release();
  const padded = (rows) => rows.length * Math.max(...rows.map((row) => lengths[row]));
  const largest = batches.toSorted((a, b) => padded(b) - padded(a)).slice(0, LARGEST);
  return { turns, largest: largest.map(forPeer) };
}
