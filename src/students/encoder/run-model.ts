/** Runs a model that is needed once. */
import { setImmediate } from 'node:timers/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeOnnxModel, type OnnxModel } from '../onnx-model.js';
import type { ModelInputs } from '../student.js';

/** Values of the outputs by their names, in the order of the inputs. */
export type RunModel = (model: OnnxModel, inputs: readonly ModelInputs[]) => Promise<Record<string, Float32Array>[]>;

/** Each run blocks the event loop, which turns after it. The outputs must be in float32. */
export const runModel: RunModel = async (model, inputs) => {
  const session = await InferenceSession.create(encodeOnnxModel(model), { enableMemPattern: false });
  const results: Record<string, Float32Array>[] = [];
  try {
    for (const each of inputs) {
      const feeds: Record<string, Tensor> = {};
      for (const [name, { type, data, dims }] of Object.entries(each)) feeds[name] = new Tensor(type, data, dims);
      const outputs: Record<string, Float32Array> = {};
      for (const [name, { data }] of Object.entries(await session.run(feeds))) outputs[name] = data as Float32Array;
      results.push(outputs);
      await setImmediate();
    }
  } finally {
    await session.release();
  }
  return results;
};
