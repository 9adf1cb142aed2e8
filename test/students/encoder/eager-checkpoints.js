/** Entry of a training process that leaves a checkpoint after every step. The job comes over IPC; each step is told before
 *  its checkpoint is written, and an answer is waited for. */
import { once } from 'node:events';
import { prepareExamples } from '../../../dist/students/encoder/encoder-examples.js';
import { trainEncoder } from '../../../dist/students/encoder/encoder-training.js';
import { loadStudent } from '../../../dist/students/index.js';

const [job] = await once(process, 'message');
await trainEncoder({
  ...(await prepareExamples(job)),
  load: loadStudent,
  checkpointEveryMs: 0,
  onProgress: async ({ steps }) => {
    if (steps === undefined) return;
    process.send({ step: steps.done });
    await once(process, 'message');
  },
});
process.send({ finished: true }, () => process.exit(0));
