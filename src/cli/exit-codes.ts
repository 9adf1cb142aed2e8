/** What the process's exit code tells scripts. */
import { FailureType } from '../contracts/index.js';

export const ExitCode = {
  /** Deployed, or the command did what it was asked. */
  Ok: 0,
  /** Anything that has no code of its own. */
  Failed: 1,
  /** What was given is wrong: options, arguments, settings of the environment, task, corpus. */
  InputRefused: 2,
  /** A person, a deadline or a check rejected the run at a gate. */
  Rejected: 3,
  /** The teacher refuses the key, the model or the endpoint. */
  TeacherRefused: 4,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The exit code for a failure's type (see FailureType); null or an unknown type: Failed. */
export function exitCodeFor(failureType: string | null | undefined): ExitCode {
  switch (failureType) {
    case FailureType.InvalidInput:
      return ExitCode.InputRefused;
    case FailureType.Rejected:
      return ExitCode.Rejected;
    case FailureType.TeacherRefused:
      return ExitCode.TeacherRefused;
    default:
      return ExitCode.Failed;
  }
}
