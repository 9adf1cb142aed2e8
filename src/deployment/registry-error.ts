/** The one error of this folder: a task or a version that there isn't, or that can't be read. */
import { FailureType } from '../contracts/index.js';

export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  /** As in the failures that cross Temporal, so that scripts get the exit code for refused input. */
  readonly type = FailureType.InvalidInput;
}
