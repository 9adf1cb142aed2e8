/** Entry of a training process whose INT8 model gives the first of the held-out texts another label than the float32 model. The
 *  job comes over IPC; what the training left is sent back. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { prepareExamples } from '../../../dist/students/encoder/encoder-examples.js';
import { trainFrozen } from '../../../dist/students/encoder/encoder-training.js';
import { loadStudent } from '../../../dist/students/index.js';

async function load(folder) {
  const student = await loadStudent(folder);
  if (!existsSync(join(folder, 'model_quantized.onnx'))) return student;
  return {
    labels: student.labels,
    close: () => student.close(),
    predict: async (texts) => {
      const [[first, ...others], ...answers] = await student.predict(texts);
      return [[...others, first], ...answers];
    },
  };
}

const [job] = await once(process, 'message');
const trained = await trainFrozen({ ...(await prepareExamples(job)), load, onProgress: async () => undefined });
process.send(trained, () => process.exit(0));
