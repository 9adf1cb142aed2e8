/** Entry of a training process that leaves a checkpoint after every step, or batch of texts that went through a frozen encoder. The job
 *  comes over IPC; each step, or the texts so far, is told before its checkpoint is written, and an answer is waited for. */
import { once } from 'node:events';
import { prepareExamples } from '../../../dist/students/encoder/encoder-examples.js';
import { trainEncoder, trainFrozen } from '../../../dist/students/encoder/encoder-training.js';
import { loadStudent } from '../../../dist/students/index.js';

const [job] = await once(process, 'message');
const prepared = await prepareExamples(job);
const texts = prepared.examples.fitting.ids.length + prepared.examples.validation.ids.length;
await (job.kind === 'frozen' ? trainFrozen : trainEncoder)({
  ...prepared,
  load: loadStudent,
  checkpointEveryMs: 0,
  onProgress: async ({ done, phase, steps }) => {
    if (steps === undefined && phase !== 'encoder') return;
    // The passes are 85 % of the work.
    process.send({ step: steps?.done ?? Math.round((done * texts) / 0.85) });
    await once(process, 'message');
  },
});
process.send({ finished: true }, () => process.exit(0));
