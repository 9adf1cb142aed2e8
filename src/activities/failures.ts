/** Errors of the stage folders as failures of Temporal: each with a type, and without retry where it would not help. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { FailureType } from '../contracts/index.js';

interface Meaning {
  readonly type: string;
  readonly retry: boolean;
}

/** By the error's name: folders don't know of Temporal. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  CorpusError: { type: FailureType.InvalidInput, retry: false },
  TaskError: { type: FailureType.InvalidInput, retry: false },
  InvalidInputError: { type: FailureType.InvalidInput, retry: false },
  RegistryError: { type: FailureType.InvalidInput, retry: false },
  UnusableTeachersError: { type: FailureType.InvalidInput, retry: false },
  TermsNotAcceptedError: { type: FailureType.InvalidInput, retry: false },
  TeacherRefusedError: { type: FailureType.TeacherRefused, retry: false },
  TeacherUnreadableError: { type: FailureType.TeacherUnreadable, retry: false },
  TeacherUnreachableError: { type: FailureType.TeacherUnreachable, retry: false },
  RunPausedError: { type: FailureType.Paused, retry: false },
  RunCancelledError: { type: FailureType.Cancelled, retry: false },
  ClaimLostError: { type: FailureType.ClaimLost, retry: true },
  // Another worker may see it.
  StoreNotSeenError: { type: FailureType.StoreNotSeen, retry: true },
  StoreAddressError: { type: FailureType.InvalidInput, retry: false },
  S3Error: { type: FailureType.StoreNotSeen, retry: true },
  DamagedArtifactError: { type: FailureType.ArtifactDamaged, retry: false },
  TrainingRefusedError: { type: FailureType.TrainingRefused, retry: false },
  TrainingDivergedError: { type: FailureType.TrainingRefused, retry: false },
  EncoderError: { type: FailureType.TrainingRefused, retry: false },
  ExampleError: { type: FailureType.TrainingRefused, retry: false },
  StudentFolderError: { type: FailureType.TrainingRefused, retry: false },
  ParityError: { type: FailureType.ParityFailed, retry: false },
};

/** What the file system says when a disk, or a user's part of it, is full. */
const NO_ROOM: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/** The input can't be used; the message says what would do. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';
}

export function toFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (!(error instanceof Error)) return ApplicationFailure.create({ message: String(error), type: 'Error' });
  if ('code' in error && NO_ROOM.has(error.code)) return storeFull(error);
  const meaning = MEANINGS[error.name];
  if (meaning === undefined) return error;
  const mend =
    'mend' in error && typeof error.mend === 'string' && !error.message.includes(error.mend) ? error.mend : '';
  return ApplicationFailure.create({
    message: sentences(error.message, mend),
    type: meaning.type,
    nonRetryable: !meaning.retry,
  });
}

/** Stages that can't pause try it again for a while: somebody may make room. */
function storeFull({ message }: Error): ApplicationFailure {
  return ApplicationFailure.retryable(
    `the disk of the store or of the worker has no room left (${message}); make some, then: tutelage resume`,
    FailureType.StoreFull,
  );
}

function sentences(first: string, second: string): string {
  if (second === '') return first;
  return `${first}${/[.!?:]$/.test(first) ? '' : '.'} ${second}`;
}

/** Wraps activities so that what they throw has a type. */
export function withFailureTypes<Activities extends object>(activities: Activities): Activities {
  const wrapped = Object.entries(activities).map(([name, activity]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await activity(...args);
      } catch (error) {
        throw toFailure(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped);
}
