/** The activities as workflows call them: their queues, time-outs and retries. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { OrchestratorActivities, StudentActivities, TeacherActivities } from '../activities/index.js';
import { FailureType, TASK_QUEUES } from '../contracts/index.js';

/** A killed worker is found out after this long. */
const HEARTBEAT_TIMEOUT = '10 seconds';

const retry = {
  initialInterval: '1 second',
  maximumInterval: '30 seconds',
  // Killed workers count as attempts, too.
  maximumAttempts: 30,
  nonRetryableErrorTypes: [
    FailureType.InvalidInput,
    FailureType.TeacherRefused,
    FailureType.TeacherUnreadable,
    FailureType.TeacherUnreachable,
    FailureType.Paused,
    FailureType.Cancelled,
    FailureType.ArtifactDamaged,
    FailureType.TrainingRefused,
    FailureType.ParityFailed,
  ],
};

const options = {
  startToCloseTimeout: '24 hours',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry,
} as const;

/** A full disk is not tried again and again: the run pauses, and says so. */
const untilFull = {
  ...options,
  retry: { ...retry, nonRetryableErrorTypes: [...retry.nonRetryableErrorTypes, FailureType.StoreFull] },
};

export const teacherStage = proxyActivities<TeacherActivities>({ ...untilFull, taskQueue: TASK_QUEUES.teacher });

export const controlStage = proxyActivities<Pick<OrchestratorActivities, 'setControl'>>({
  ...untilFull,
  taskQueue: TASK_QUEUES.orchestrator,
});

export const studentStage = proxyActivities<StudentActivities>({ ...options, taskQueue: TASK_QUEUES.student });

export const orchestratorStage = proxyActivities<OrchestratorActivities>({
  ...options,
  taskQueue: TASK_QUEUES.orchestrator,
});

/** What is good to have, but must not hold up a run. */
export const besideStage = proxyActivities<Pick<OrchestratorActivities, 'recordOutcome' | 'notify'>>({
  ...options,
  startToCloseTimeout: '1 minute',
  retry: { ...retry, maximumAttempts: 3 },
  taskQueue: TASK_QUEUES.orchestrator,
});
