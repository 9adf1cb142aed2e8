/** Started by a schedule: distills a task again on a corpus that has grown. Replies of earlier runs are not paid for again. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  ChildWorkflowCancellationType,
  executeChild,
  ParentClosePolicy,
  TemporalFailure,
} from '@temporalio/workflow';
import { type DistillationResult, FailureType, RedistillationInput, redistillationId } from '../contracts/index.js';
import { distillation, EXAMPLE } from './distillation.js';
import { checkInput, finalFailure } from './failures.js';
import { orchestratorStage } from './stages.js';

/** One run a task at a time: its workflow id is the task's. */
export async function redistillation(rawInput?: unknown): Promise<DistillationResult> {
  const { set, store, task } = checkInput(RedistillationInput, rawInput, EXAMPLE);
  try {
    const { taskName } = await orchestratorStage.nameTask({ task, set, store });
    return await distill(taskName, rawInput);
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
    throw finalFailure(error, null);
  }
}

async function distill(taskName: string, rawInput: unknown): Promise<DistillationResult> {
  const workflowId = redistillationId(taskName);
  try {
    return await executeChild(distillation, {
      workflowId,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      args: [rawInput],
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw ApplicationFailure.nonRetryable(
      `the last re-distillation of ${taskName} is still at work, perhaps waiting for a person: see the workflow ${workflowId}`,
      FailureType.InvalidInput,
    );
  }
}
