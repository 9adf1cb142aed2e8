/** Entry of the training process: takes one job over IPC, reports progress, answers and ends. */
import { setImmediate } from 'node:timers/promises';
import type { TrainingProgress } from '../contracts/index.js';
import { predictOutOfFold } from './out-of-fold.js';
import type { TrainingJob } from './student.js';
import { studentKind } from './student-kinds.js';
import { runTraining } from './training.js';
import { type TrainingReply, type TrainingRequest, toFailure } from './training-messages.js';

const ALIVE_MS = 5000;
/** Progress within a phase is told at most this often. */
const PROGRESS_MS = 200;

// Without a parent nobody would take the result; "stop" asks for the same end.
process.on('disconnect', () => process.exit(1));
process.on('message', (request: TrainingRequest) => {
  if (request.type === 'stop') process.exit(1);
  void work(request.type, request.job);
});

async function work(type: 'train' | 'predict-out-of-fold', job: TrainingJob): Promise<void> {
  let answer: TrainingReply;
  setInterval(() => process.send!({ type: 'alive' } satisfies TrainingReply), ALIVE_MS);
  try {
    if (type === 'train') {
      answer = { type: 'done', trained: await runTraining(studentKind(job.kind), job, progressReporter()) };
    } else {
      await predictOutOfFold(studentKind('linear'), job, progressReporter());
      answer = { type: 'predicted' };
    }
  } catch (error) {
    answer = { type: 'failed', failure: toFailure(error) };
  }
  process.send!(answer, undefined, undefined, () => process.exit(0));
}

/** Lets the event loop turn at each report, so that a stop or a lost parent is noticed while a fit is at work. */
function progressReporter(): (progress: TrainingProgress) => Promise<void> {
  let phase = '';
  let told = 0;
  return async (progress) => {
    const now = performance.now();
    if (progress.phase !== phase || now - told >= PROGRESS_MS) {
      phase = progress.phase;
      told = now;
      process.send!({ type: 'progress', progress } satisfies TrainingReply);
    }
    await setImmediate();
  };
}
