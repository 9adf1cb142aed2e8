/** Signals, the update and the query: what people send to a run, and what runs send each other. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { AnnotationCounts, GateOutcome, Progress } from '../contracts/index.js';

export const approveSignal = defineSignal<[unknown?]>('approve');
export const rejectSignal = defineSignal<[unknown?]>('reject');
export const pauseSignal = defineSignal<[unknown?]>('pause');
export const resumeSignal = defineSignal<[unknown?]>('resume');
export const decideUpdate = defineUpdate<GateOutcome, [unknown]>('decide');
export const progressQuery = defineQuery<Progress>('progress');

/** From `annotation` to its root. */
export interface AnnotationProgress {
  corpus: AnnotationCounts;
  gold: AnnotationCounts;
  paused: boolean;
  pauseReason: string | null;
}
export const annotationProgressSignal = defineSignal<[AnnotationProgress]>('annotationProgress');

/** From the root to `review`: somebody decided, in these words. */
export const decidedSignal = defineSignal<[string]>('decided');
/** From `review` to the root: how many reminders went out. */
export const remindedSignal = defineSignal<[number]>('reminded');
