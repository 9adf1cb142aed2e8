/** Waiting for a person while the child `review` shows what is to be decided, tells webhooks and reminds. */
import { CancellationScope, ChildWorkflowCancellationType, log, startChild } from '@temporalio/workflow';
import type { DeploymentGateSettings, ReviewInput } from '../contracts/index.js';
import { messageOf } from './failures.js';
import { decidedSignal } from './messages.js';
import { review } from './review.js';
import { startOwnChild } from './start-own-child.js';

export const HOUR_MS = 3_600_000;

/** As long as `wait` takes. decided: whether somebody did. */
export async function remindedWait<Result>(
  workflowId: string,
  input: ReviewInput,
  { wait, decided }: { wait: () => Promise<Result>; decided: () => boolean },
): Promise<Result> {
  const reviewing = await startOwnChild(workflowId, () =>
    startChild(review, {
      workflowId,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      args: [input],
    }),
  );
  // The wait does not hang on its reminders.
  const ended = reviewing.result().catch((error) => {
    log.info('the review workflow has ended early', { problem: messageOf(error) });
  });
  try {
    return await wait();
  } finally {
    await CancellationScope.nonCancellable(async () => {
      if (decided()) {
        await reviewing.signal(decidedSignal).catch((error) => {
          log.info('the review workflow had ended before', { problem: messageOf(error) });
        });
      }
      await ended;
    });
  }
}

/** How a gate's settings have it. */
export function reminders(
  gate: Pick<DeploymentGateSettings, 'reminderHours' | 'webhookEnv' | 'escalateHours' | 'escalateWebhookEnv'>,
) {
  const { escalateHours, escalateWebhookEnv, reminderHours, webhookEnv } = gate;
  return {
    reminderMs: reminderHours * HOUR_MS,
    webhookEnv,
    escalateMs: escalateHours === null ? null : escalateHours * HOUR_MS,
    escalateWebhookEnv,
  };
}
