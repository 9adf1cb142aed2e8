/** The one error of this folder: a task can't be found, read or used. */
import { FailureType } from '../contracts/index.js';

export class TaskError extends Error {
  override readonly name = 'TaskError';
  /** As in the failures that cross Temporal, so that scripts get the exit code for refused input. */
  readonly type = FailureType.InvalidInput;
}
