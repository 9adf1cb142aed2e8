/** Runs an ONNX model with onnxruntime in a thread of its own: inside Jest's realm it would refuse typed arrays. */
import { Worker } from 'node:worker_threads';
import { encodeOnnxModel, type OnnxModel } from '../../../src/students/onnx-model.js';
import type { ModelInputs } from '../../../src/students/student.js';

const THREAD = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { InferenceSession, Tensor } = require('onnxruntime-node');
  (async () => {
    const session = await InferenceSession.create(workerData.bytes, { intraOpNumThreads: 1 });
    const feeds = Object.fromEntries(
      Object.entries(workerData.feeds).map(([name, { type, data, dims }]) => [name, new Tensor(type, data, dims)]),
    );
    const results = await session.run(feeds);
    parentPort.postMessage(Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data])));
    await session.release();
  })();
`;

/** Values of the outputs by name. */
export async function runOnnx(model: OnnxModel, feeds: ModelInputs): Promise<Record<string, Float32Array>> {
  const worker = new Worker(THREAD, { eval: true, workerData: { bytes: encodeOnnxModel(model), feeds } });
  return new Promise((resolve, reject) => {
    worker.on('message', resolve).on('error', reject);
  });
}
