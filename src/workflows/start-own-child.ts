/** Starting a child under the id that its parent has for it. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { getExternalWorkflowHandle, log, sleep } from '@temporalio/workflow';
import { messageOf } from './failures.js';

const TRIES = 60;
const PAUSE = '1 second';

/** `start` as given, once no other child has the id: a run that was reset finds those of its former self still open. They
 *  are cancelled, since two shards would fight for the same chunks. Throws where the old child has not ended in a minute. */
export async function startOwnChild<Handle>(workflowId: string, start: () => Promise<Handle>): Promise<Handle> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError) || attempt === TRIES) throw error;
      await getExternalWorkflowHandle(workflowId)
        .cancel()
        .catch((problem) => log.info('the former child has just ended', { problem: messageOf(problem) }));
      await sleep(PAUSE);
    }
  }
}
