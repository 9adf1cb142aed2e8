/** Names that people type and that both sides of Temporal must agree on. */
import { z } from 'zod';

/** Who decides. */
export const PersonName = z.string().trim().min(1).max(200);

/** A worker of a role polls one task queue; all three may be polled on one machine. */
export const WorkerRole = z.enum(['orchestrator', 'teacher', 'student']);
export type WorkerRole = z.infer<typeof WorkerRole>;

export const TASK_QUEUES = {
  /** Workflows and light activities. */
  orchestrator: 'tutelage',
  /** Activities that wait for the teacher. */
  teacher: 'tutelage-teacher',
  /** Activities that compute: training, evaluation. */
  student: 'tutelage-student',
} as const satisfies Record<WorkerRole, string>;

/** Keyword search attributes that runs set where the server knows them. */
export const SEARCH_ATTRIBUTES = { task: 'TutelageTask', stage: 'TutelageStage' } as const;

/** Of the child that waits for people at a gate of a run. */
export function reviewWorkflowId(workflowId: string, gate: string): string {
  return `${workflowId}.review-${gate}`;
}

/** Of the run that a schedule's workflow distills in: one a task at a time. */
export function redistillationId(taskName: string): string {
  return `redistillation.${taskName}`;
}

/** From the activity that trains to its workflow. */
export const TRAINING_NEWS_SIGNAL = 'trainingNews';
/** From a server of the review page to a run at its labels gate, and to the child that waits there. */
export const REVIEW_NEWS_SIGNAL = 'reviewNews';
