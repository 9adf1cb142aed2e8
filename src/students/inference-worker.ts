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

try {
  const { kind, folder } = workerData as ThreadSetup;
  const featuriser = await studentKind(kind).openFeaturiser(folder);
  const session = await openSession(folder);
  // One after another: closing must not take the model from a batch at work.
  let last = Promise.resolve();
  port.on('message', (request: ThreadRequest) => {
    last = last.then(() => answer(request, featuriser, session));
  });
  reply({ type: 'ready' });
} catch (error) {
  reply({ type: 'unusable', problem: error instanceof StudentFolderError ? error.problem : (error as Error).message });
}

async function openSession(folder: string): Promise<InferenceSession> {
  const file = existsSync(join(folder, QUANTISED_MODEL_FILE)) ? QUANTISED_MODEL_FILE : MODEL_FILE;
  try {
    return await InferenceSession.create(join(folder, file), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
    });
  } catch (error) {
    throw new StudentFolderError(folder, `${file} can't be loaded (${(error as Error).message})`);
  }
}

async function answer(request: ThreadRequest, featuriser: Featuriser, session: InferenceSession): Promise<void> {
  if (request.type === 'close') {
    await session.release();
    port.close();
    return;
  }
  try {
    const probabilities = await predict(request.texts, featuriser, session);
    reply({ type: 'answer', id: request.id, probabilities });
  } catch (error) {
    reply({ type: 'failed', id: request.id, problem: (error as Error).message });
  }
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
