/** Signals, the update and the query: what people send to a run, and what runs send each other. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { AnnotationCounts, BatchProgress, GateOutcome, Pace, Progress } from '../contracts/index.js';

/** From people; payloads are parsed on arrival. */
export const approveSignal = defineSignal<[unknown?]>('approve');
export const rejectSignal = defineSignal<[unknown?]>('reject');
export const pauseSignal = defineSignal<[unknown?]>('pause');
export const resumeSignal = defineSignal<[unknown?]>('resume');
export const decideUpdate = defineUpdate<GateOutcome, [unknown]>('decide');
export const progressQuery = defineQuery<Progress>('progress');

export const PAUSED_BY_PERSON = 'a person paused it';

/** From `annotation` to its root. */
export interface AnnotationProgress {
  readonly corpus: AnnotationCounts;
  readonly gold: AnnotationCounts;
  /** What holds the calls back; null: nothing. */
  readonly pace: Pace | null;
  /** Open at the provider; null: none. */
  readonly batches: BatchProgress | null;
  /** null: it is at work. */
  readonly pauseReason: string | null;
}
export const annotationProgressSignal = defineSignal<[AnnotationProgress]>('annotationProgress');

/** From the root to `review`: somebody decided. */
export const decidedSignal = defineSignal('decided');
/** From `review` to the root: how many reminders went out. */
export const remindedSignal = defineSignal<[number]>('reminded');
