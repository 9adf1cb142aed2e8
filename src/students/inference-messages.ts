/** What a student's thread and the thread that asks it say to each other. */

/** The thread's workerData. */
export interface ThreadSetup {
  readonly kind: string;
  readonly folder: string;
  /** Cores that answer a text that nothing else waits beside; 1: its thread alone does. */
  readonly coresForOne: number;
}

export type ThreadRequest =
  | { readonly type: 'predict'; readonly id: number; readonly texts: readonly string[]; readonly alone: boolean }
  | { readonly type: 'close' };

export type ThreadReply =
  | { readonly type: 'ready' }
  | { readonly type: 'unusable'; readonly problem: string }
  /** Probabilities [texts][labels], row-major. */
  | { readonly type: 'answer'; readonly id: number; readonly probabilities: Float32Array }
  | { readonly type: 'failed'; readonly id: number; readonly problem: string };
