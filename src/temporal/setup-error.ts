import { FailureType } from '../contracts/index.js';

/** Something outside the code is missing or wrong, and the user can mend it. */
export class SetupError extends Error {
  override readonly name: string = 'SetupError';
  constructor(
    message: string,
    /** What the user can do, as a sentence. */
    readonly mend: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What was given is wrong, whatever else is: options, arguments, variables of the environment. */
export class UsageError extends SetupError {
  override readonly name = 'UsageError';
  /** As in the failures that cross Temporal, so that scripts get the exit code for refused input. */
  readonly type = FailureType.InvalidInput;
}
