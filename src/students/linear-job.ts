/** A training job whose settings are the linear student's. */
import type { LinearSettings } from '../contracts/index.js';
import type { TrainingJob } from './student.js';

export type LinearJob = TrainingJob<LinearSettings>;

/** Throws RangeError when the settings are another kind's. */
export function linearJob(job: TrainingJob): LinearJob {
  const { settings } = job;
  if (settings.kind !== 'linear') throw new RangeError(`the settings are for the student kind "${settings.kind}"`);
  return { ...job, settings };
}
