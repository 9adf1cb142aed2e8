/** npm run bench -- train --size roberta-base|tiny [--steps N] [--rows FILE.jsonl]: fine-tunes an encoder of this size with random weights
 *  in the product's training process: once undisturbed, and once killed in the second of two epochs and taken up again. */
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readRows } from '../encoder-arguments.js';
import { machine, rounded } from '../machine.js';
import { trainingJob, withTempFolder } from './job.js';
import { makeRandomEncoder, SIZES } from './random-encoder.js';

const EPOCHS = 2;
const BATCH = 16;
const CHILD = fileURLToPath(new URL('../../dist/students/train-child.js', import.meta.url));

export async function benchLarge(args) {
  const options = {
    size: { type: 'string' },
    steps: { type: 'string', default: '12' },
    rows: { type: 'string', default: 'examples/demo/gold.jsonl' },
  };
  const { values } = parseArgs({ args, options });
  const { size } = values;
  if (SIZES[size] === undefined) throw new Error(`--size ${size}: one of ${Object.keys(SIZES).join(', ')}`);
  const steps = Number(values.steps);
  if (!Number.isInteger(steps) || steps < 4 || steps % EPOCHS !== 0)
    throw new Error('--steps: an even number from 4 on');
  await withTempFolder(async (folder) => {
    // Four fifths of the rows are trained on.
    const rows = readRows(values.rows).slice(0, ((steps / EPOCHS) * BATCH * 5) / 4);
    const encoder = join(folder, 'encoder');
    await makeRandomEncoder(
      encoder,
      SIZES[size],
      rows.map(({ text }) => text),
    );
    const job = trainingJob(folder, rows, { encoder, epochs: EPOCHS, batchSize: BATCH, maxMemoryMb: 16_384 });
    const undisturbed = await train(folder, job, 'undisturbed');
    const killAt = steps / EPOCHS + Math.ceil(steps / EPOCHS / 2);
    const killed = await train(folder, job, 'killed', killAt);
    if (killed.trained !== null) throw new Error('the training had ended before it could be killed: take more --steps');
    const resumed = await train(folder, job, 'killed');
    const of = (name) => ({ files: digests(join(folder, name)) });
    const figures = {
      size,
      steps: undisturbed.steps.of,
      ...machine(),
      secondsAStep: rounded(BATCH / undisturbed.steps.examplesPerSecond),
      examplesPerSecond: rounded(undisturbed.steps.examplesPerSecond),
      memoryMb: undisturbed.trained.memoryMb,
      killedAtStep: killed.steps.done,
      resumedAtStep: resumed.firstStep,
      resumedEqualsUndisturbed: JSON.stringify(of('killed')) === JSON.stringify(of('undisturbed')),
      int8: undisturbed.trained.chosen.int8 === 1,
      megabytes: sizes(join(folder, 'undisturbed')),
    };
    console.table(figures.megabytes);
    console.log(JSON.stringify({ bench: 'train', ...figures }));
  });
}

/** Trains in the product's process, into a folder of this name; kills it at its first word after step `killAt`: it tells of steps a few
 *  times a second, and of the export after the last one. */
function train(folder, job, name, killAt = Number.POSITIVE_INFINITY) {
  const outputFolder = join(folder, name);
  mkdirSync(outputFolder, { recursive: true });
  const child = fork(CHILD);
  const seen = { steps: null, firstStep: null, trained: null };
  let failure = null;
  child.on('message', ({ type, progress, trained, failure: told }) => {
    if (type === 'done') seen.trained = trained;
    if (type === 'failed') failure = told;
    if (progress === undefined) return;
    const stepsDone = progress.steps?.done ?? (seen.steps === null ? 0 : Number.MAX_VALUE);
    if (progress.steps !== undefined) {
      seen.steps = progress.steps;
      seen.firstStep ??= progress.steps.done;
    }
    if (stepsDone >= killAt) child.kill('SIGKILL');
  });
  child.send({ type: 'train', job: { ...job, outputFolder, checkpointFolder: join(folder, `${name}-checkpoints`) } });
  return new Promise((resolve, reject) => {
    child.on('close', (code, signal) => {
      if (seen.trained !== null || signal === 'SIGKILL') resolve(seen);
      else reject(new Error(`the training ended with code ${code}: ${failure?.message}`));
    });
  });
}

function digests(folder) {
  return readdirSync(folder).map((name) => [
    name,
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex'),
  ]);
}

function sizes(folder) {
  const files = readdirSync(folder).map((name) => [name, rounded(statSync(join(folder, name)).size / 1e6, 1)]);
  return Object.fromEntries(files.filter(([, megabytes]) => megabytes >= 1));
}
