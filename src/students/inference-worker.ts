/** Entry of a student's thread: makes inputs of texts and runs the model, both of which block an event loop. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ThreadReply, ThreadRequest, ThreadSetup } from './inference-messages.js';
import type { Featuriser } from './student.js';
import { StudentFolderError } from './student-errors.js';
import { MODEL_FILE, QUANTISED_MODEL_FILE } from './student-folder.js';
import { studentKind } from './student-kinds.js';

if (parentPort === null) throw new Error('this file runs as a worker thread only');
const port = parentPort;

interface Model {
  readonly featuriser: Featuriser;
  /** With one thread. */
  readonly session: InferenceSession;
  /** With a thread on each of the cores for a text alone. Loaded when the first such text comes. */
  wide: InferenceSession | null;
  readonly setup: ThreadSetup;
}

try {
  const setup = workerData as ThreadSetup;
  const featuriser = await studentKind(setup.kind).openFeaturiser(setup.folder);
  const model: Model = { featuriser, session: await openSession(setup.folder, 1), wide: null, setup };
  // One after another: closing must not take the model from a batch at work.
  let last = Promise.resolve();
  port.on('message', (request: ThreadRequest) => {
    last = last.then(() => answer(request, model));
  });
  reply({ type: 'ready' });
} catch (error) {
  reply({ type: 'unusable', problem: error instanceof StudentFolderError ? error.problem : (error as Error).message });
}

async function openSession(folder: string, threads: number): Promise<InferenceSession> {
  const file = existsSync(join(folder, QUANTISED_MODEL_FILE)) ? QUANTISED_MODEL_FILE : MODEL_FILE;
  try {
    return await InferenceSession.create(join(folder, file), {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
    });
  } catch (error) {
    throw new StudentFolderError(folder, `${file} can't be loaded (${(error as Error).message})`);
  }
}

async function answer(request: ThreadRequest, model: Model): Promise<void> {
  if (request.type === 'close') {
    await Promise.all([model.session.release(), model.wide?.release()]);
    port.close();
    return;
  }
  try {
    const session = request.alone ? await wideSession(model) : model.session;
    const probabilities = await predict(request.texts, model.featuriser, session);
    reply({ type: 'answer', id: request.id, probabilities });
  } catch (error) {
    reply({ type: 'failed', id: request.id, problem: (error as Error).message });
  }
}

async function wideSession(model: Model): Promise<InferenceSession> {
  const { coresForOne, folder } = model.setup;
  if (coresForOne === 1) return model.session;
  model.wide ??= await openSession(folder, coresForOne);
  return model.wide;
}

async function predict(texts: readonly string[], featuriser: Featuriser, session: InferenceSession) {
  const answers: Float32Array[] = [];
  for (const { inputs, rows } of featuriser.featurise(texts)) {
    const feeds: Record<string, Tensor> = {};
    for (const [name, { type, data, dims }] of Object.entries(inputs)) feeds[name] = new Tensor(type, data, dims);
    const { probabilities } = await session.run(feeds);
    const values = probabilities!.data as Float32Array;
    const labels = values.length / rows.length;
    for (const [index, row] of rows.entries()) answers[row] = values.subarray(index * labels, (index + 1) * labels);
  }
  return concatenate(answers);
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let start = 0;
  for (const part of parts) {
    all.set(part, start);
    start += part.length;
  }
  return all;
}

function reply(message: ThreadReply): void {
  port.postMessage(message);
}
