/** Signals, the update and the query: what people send to a run, and what runs send each other. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  type AnnotationCounts,
  type BatchProgress,
  type BudgetOutcome,
  type GateOutcome,
  nearest,
  type Pace,
  type Progress,
  REVIEW_NEWS_SIGNAL,
  type ShardBudget,
  TRAINING_NEWS_SIGNAL,
} from '../contracts/index.js';

/** From people; payloads are parsed on arrival. */
export const approveSignal = defineSignal<[unknown?]>('approve');
export const rejectSignal = defineSignal<[unknown?]>('reject');
export const reviseSignal = defineSignal<[unknown?]>('revise');
export const pauseSignal = defineSignal<[unknown?]>('pause');
export const resumeSignal = defineSignal<[unknown?]>('resume');
export const raiseBudgetSignal = defineSignal<[unknown?]>('raiseBudget');
export const raiseBudgetUpdate = defineUpdate<BudgetOutcome, [unknown]>('raiseBudget');
export const decideUpdate = defineUpdate<GateOutcome, [unknown]>('decide');
export const progressQuery = defineQuery<Progress>('progress');

const PEOPLES_SIGNALS = [approveSignal, rejectSignal, reviseSignal, pauseSignal, resumeSignal, raiseBudgetSignal];

/** What is wrong with a signal of a name that a run does not listen to: Temporal accepts any. */
export function unknownSignal(name: string): string {
  const known = PEOPLES_SIGNALS.map((signal) => signal.name);
  const guess = nearest(name, known);
  const meant = guess === null ? `a run takes ${known.join(', ')}` : `did you mean ${guess}?`;
  return `signal ${JSON.stringify(name)}: there is none of this name; ${meant}`;
}

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
  /** Whether chunks wait for more budget, and the version of the shard's budget that they have used up. */
  readonly budget: { readonly usedUp: boolean; readonly version: number };
}
export const annotationProgressSignal = defineSignal<[AnnotationProgress]>('annotationProgress');

/** From the activity `distill` to its workflow, now and then; TrainingNews, parsed on arrival. */
export const trainingNewsSignal = defineSignal<[unknown?]>(TRAINING_NEWS_SIGNAL);

/** From a server of the review page, now and then; ReviewNews, parsed on arrival. */
export const reviewNewsSignal = defineSignal<[unknown?]>(REVIEW_NEWS_SIGNAL);

/** From the root to `annotation`: the shard's budget after a decision. */
export const shardBudgetSignal = defineSignal<[ShardBudget]>('shardBudget');

/** From the root to `review`: somebody decided. */
export const decidedSignal = defineSignal('decided');
/** From `review` to the root: how many reminders went out. */
export const remindedSignal = defineSignal<[number]>('reminded');
