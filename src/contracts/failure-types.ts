/** Types of the failures that cross Temporal. Retry policies, the command line's exit codes and tests refer to these,
 *  never to a message. */
export const FailureType = {
  /** The user's input, task, corpus or environment is wrong; the message names the field, the value and the mend. */
  InvalidInput: 'InvalidInput',
  /** The teacher answered that it will not serve this key, model or endpoint (401, 403, 404, unknown model). */
  TeacherRefused: 'TeacherRefused',
  /** The teacher did not answer for longer than the task allows; the run pauses. */
  TeacherUnreachable: 'TeacherUnreachable',
  /** Over half of the first hundred replies could not be read. */
  TeacherUnreadable: 'TeacherUnreadable',
  /** A chunk stopped because the run is paused. */
  Paused: 'Paused',
  /** An activity stopped because the run was cancelled. */
  Cancelled: 'Cancelled',
  /** A chunk stopped because another worker owns it now. */
  ClaimLost: 'ClaimLost',
  /** A worker can't see the store that the run writes to, or its server does not answer. */
  StoreNotSeen: 'StoreNotSeen',
  /** The store's disk has no room left; the run pauses. */
  StoreFull: 'StoreFull',
  /** An artifact is missing or its bytes are not those of its reference. */
  ArtifactDamaged: 'ArtifactDamaged',
  /** A person, a deadline or a failed check rejected the run at a gate. */
  Rejected: 'Rejected',
  /** No class has enough examples, or too little memory to train. */
  TrainingRefused: 'TrainingRefused',
  /** The exported student does not answer as the trained one did. */
  ParityFailed: 'ParityFailed',
} as const;

export type FailureType = (typeof FailureType)[keyof typeof FailureType];
