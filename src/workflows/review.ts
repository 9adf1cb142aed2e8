/** One wait for a person: shows what is to be decided and reminds, until the root says that it was, or to the deadline. */
import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ReviewInput } from '../contracts/index.js';
import { reviewBoard } from './board.js';
import { messageOf } from './failures.js';
import { decidedSignal, remindedSignal } from './messages.js';

export async function review(input: ReviewInput): Promise<'decided' | 'deadline passed'> {
  let decided = false;
  setHandler(decidedSignal, () => {
    decided = true;
  });
  const root = workflowInfo().parent?.workflowId ?? '';
  const deadline = Date.now() + input.deadlineMs;
  for (let reminders = 0; ; reminders++) {
    if (reminders > 0) await remind(reminders);
    setCurrentDetails(reviewBoard({ input, root, deadline: new Date(deadline).toISOString(), reminders }));
    const left = deadline - Date.now();
    if (await condition(() => decided, Math.min(left, input.reminderMs))) return 'decided';
    if (Date.now() >= deadline) return 'deadline passed';
  }
}

async function remind(reminders: number): Promise<void> {
  const { parent } = workflowInfo();
  if (!parent) return;
  const root = getExternalWorkflowHandle(parent.workflowId, parent.runId);
  await CancellationScope.nonCancellable(() => root.signal(remindedSignal, reminders)).catch((error) => {
    log.warn('the root did not hear of the reminder: it has ended', { problem: messageOf(error) });
  });
}
