/** npm run bench -- train --encoder FOLDER [--rows FILE.jsonl] [--rounds N]: fine-tuning steps beside PyTorch on the same batches
 *  (16 texts, none of them cut off), taking turns in one run, each with a thread a core. What it means: docs/benchmarks.md. */
import { fileURLToPath } from 'node:url';
import { AdamW, learningRateAt } from '../../dist/students/encoder/adamw.js';
import { epochBatches } from '../../dist/students/encoder/batches.js';
import { readParameters, readPooling } from '../../dist/students/encoder/encoder-folder.js';
import {
  encoderParameters,
  headParameters,
  sizeOf,
  WORD_TABLE,
} from '../../dist/students/encoder/encoder-parameters.js';
import { readEncoderShape } from '../../dist/students/encoder/encoder-shape.js';
import { randomNumbers } from '../../dist/students/encoder/random.js';
import { openTokeniser } from '../../dist/students/encoder/tokeniser.js';
import { TrainingSession } from '../../dist/students/encoder/training-session.js';
import { encoderArguments, LABELS, targetOf } from '../encoder-arguments.js';
import { machine, median, rounded } from '../machine.js';
import { PeerProcess, peerPython } from '../peer-python.js';

const BATCH = 16;
/** Steps of a turn. */
const TURN = 12;
const PEAK_RATE = 5e-5;

export async function bench(args) {
  const { encoder, rounds, rows: given } = encoderArguments(args);
  const python = peerPython('training', ['torch', 'transformers']);
  const { ids, targets } = await encodeRows(given, encoder);
  const trainer = await openTrainer(encoder, ids);
  const peer = new PeerProcess(python, fileURLToPath(new URL('./peer.py', import.meta.url)));
  await peer.ask({ encoder, labels: LABELS.length, threads: machine().cores, rate: PEAK_RATE });
  const batches = epochBatches(
    ids.map((text) => text.length),
    BATCH,
    randomNumbers(1, 'batches'),
  );
  const turns = [];
  // The first turn warms both up.
  for (let turn = 0; turn <= rounds; turn++) {
    const rows = Array.from({ length: TURN }, (_, step) => batches[(turn * TURN + step) % batches.length]);
    const batch = rows.map((row) => ({ ids: row.map((i) => ids[i]), targets: row.map((i) => targets[i]) }));
    const ours = await trainer.turn(batch);
    const { seconds } = await peer.ask({ batches: batch });
    if (turn > 0) turns.push({ tutelage: rounded(ours / TURN, 4), pytorch: rounded(seconds / TURN, 4) });
  }
  console.table(turns);
  peer.stop();
  await trainer.close();
  const ratio = median(turns.map(({ pytorch, tutelage }) => tutelage / pytorch));
  const secondsAStep = {
    tutelage: rounded(median(turns.map(({ tutelage }) => tutelage))),
    pytorch: rounded(median(turns.map(({ pytorch }) => pytorch))),
  };
  console.log(
    JSON.stringify({ bench: 'train', rounds, steps: TURN, ...machine(), secondsAStep, timesPeer: rounded(ratio) }),
  );
}

async function encodeRows(rows, encoder) {
  const tokeniser = await openTokeniser(encoder, 128);
  return { ids: rows.map(({ text }) => [...tokeniser.encode(text).ids]), targets: rows.map(targetOf) };
}

/** The steps of the product's trainer, on the words that the rows have. */
async function openTrainer(folder, ids) {
  const shape = await readEncoderShape(folder);
  const vocabulary = [...new Set(ids.flat())];
  const rowOf = new Map(vocabulary.map((id, row) => [id, row]));
  const parameters = [...encoderParameters(shape, vocabulary.length), ...headParameters(shape, LABELS.length)];
  const optimiser = new AdamW(parameters.map((parameter) => ({ ...parameter, length: sizeOf(parameter) })));
  for await (const { parameter, values } of readParameters(folder, shape, encoderParameters(shape))) {
    const to = optimiser.values.get(parameter.name);
    if (parameter.name !== WORD_TABLE) to.set(values);
    else
      for (const [row, id] of vocabulary.entries())
        to.set(values.subarray(id * shape.hidden, (id + 1) * shape.hidden), row * shape.hidden);
  }
  const classifier = {
    shape,
    pooling: await readPooling(folder),
    labels: LABELS.length,
    parameters,
    values: optimiser.values,
  };
  const tokens = ids.reduce((longest, text) => Math.max(longest, text.length), 0);
  const session = await TrainingSession.create(classifier, optimiser.gradients, { seed: 1, texts: BATCH, tokens });
  let step = 0;
  return {
    async turn(batches) {
      const started = performance.now();
      for (const { ids: texts, targets } of batches) {
        const batch = { ids: texts.map((text) => text.map((id) => rowOf.get(id))), targets };
        await session.run(batch, randomNumbers(1, 'dropout', step));
        step++;
        optimiser.update(step, learningRateAt(step, 1000, PEAK_RATE));
      }
      return (performance.now() - started) / 1000;
    },
    close: () => session.release(),
  };
}
