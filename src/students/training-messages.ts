/** What the training process and its parent say to each other, as plain JSON. */
import type { TrainingProgress } from '../contracts/index.js';
import type { TrainedStudent, TrainingJob } from './student.js';
import { ParityError, TrainingRefusedError } from './student-errors.js';

export type TrainingRequest =
  | { readonly type: 'train' | 'predict-out-of-fold'; readonly job: TrainingJob }
  | { readonly type: 'stop' };

export type TrainingReply =
  | { readonly type: 'progress'; readonly progress: TrainingProgress }
  /** Nothing new, but it is not dead. */
  | { readonly type: 'alive' }
  | { readonly type: 'done'; readonly trained: TrainedStudent }
  | { readonly type: 'predicted' }
  | { readonly type: 'failed'; readonly failure: TrainingFailure };

export type TrainingFailure =
  | ({ readonly cause: 'refused'; readonly message: string } & Pick<
      TrainingRefusedError,
      'reason' | 'needed' | 'allowed'
    >)
  | ({ readonly cause: 'parity' } & Pick<ParityError, 'rows' | 'maxDifference' | 'allowedDifference'>)
  | ({
      readonly cause: 'error';
      readonly name: string;
      readonly message: string;
      readonly stack: string;
    } & SystemError);

/** What the system calls it; absent: it was not the system's. */
interface SystemError {
  readonly code?: string;
}

export function toFailure(error: unknown): TrainingFailure {
  if (error instanceof TrainingRefusedError) {
    const { message, reason, needed, allowed } = error;
    return { cause: 'refused', message, reason, needed, allowed };
  }
  if (error instanceof ParityError) {
    const { rows, maxDifference, allowedDifference } = error;
    return { cause: 'parity', rows, maxDifference, allowedDifference };
  }
  const { code, name, message, stack }: Error & SystemError = error instanceof Error ? error : new Error(String(error));
  return { cause: 'error', name, message, stack: stack ?? '', ...(typeof code === 'string' && { code }) };
}

/** The error that the training process threw. */
export function fromFailure(failure: TrainingFailure): Error {
  switch (failure.cause) {
    case 'refused':
      return new TrainingRefusedError(failure.message, failure.reason, failure.needed, failure.allowed);
    case 'parity':
      return new ParityError(failure.rows, failure.maxDifference, failure.allowedDifference);
    case 'error':
      return Object.assign(new Error(failure.message), {
        name: failure.name,
        stack: failure.stack,
        ...(failure.code !== undefined && { code: failure.code }),
      });
  }
}
