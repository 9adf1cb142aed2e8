/** How the review page asks the runs and decides at their gates: through a Temporal client. */
import { type Client, isGrpcServiceError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { type Progress, REVIEW_NEWS_SIGNAL, reviewWorkflowId } from '../contracts/index.js';
import { type GateDoor, GateDoorError } from '../review/index.js';
import { scrubSecrets } from '../temporal/index.js';
import { askProgress, openRuns, sendDecision } from './run-client.js';

/** client: called at each use; it keeps the client that it made. */
export function temporalDoor(client: () => Promise<Client>): GateDoor {
  const through = async <Result>(work: (client: Client) => Promise<Result>): Promise<Result> => {
    try {
      return await work(await client());
    } catch (error) {
      throw new GateDoorError(scrubSecrets(inWords(error)), { cause: error });
    }
  };
  return {
    openRuns: () =>
      through(async (client) => {
        const asked = (await openRuns(client)).map((workflowId) => progressOf(client, workflowId));
        return (await Promise.all(asked)).filter((progress) => progress !== null);
      }),
    progress: (workflowId) => through((client) => progressOf(client, workflowId)),
    reviewsWaiting: () => through(reviewsWaiting),
    tellOfReview: (workflowId, news) =>
      through(async (client) => {
        for (const id of [workflowId, reviewWorkflowId(workflowId, 'labels')]) {
          await client.workflow.getHandle(id).signal(REVIEW_NEWS_SIGNAL, news).catch(unlessEnded);
        }
      }),
    decide: (workflowId, decision) => through((client) => sendDecision(client, workflowId, decision)),
  };
}

/** By the children that wait: no worker has to answer for it. */
async function reviewsWaiting(client: Client): Promise<{ workflowId: string; wait: string }[]> {
  const waits: { workflowId: string; wait: string }[] = [];
  const end = reviewWorkflowId('', 'labels');
  const query = 'WorkflowType = "review" AND ExecutionStatus = "Running"';
  for await (const { runId, workflowId } of client.workflow.list({ query })) {
    if (workflowId.endsWith(end)) waits.push({ workflowId: workflowId.slice(0, -end.length), wait: runId });
  }
  return waits;
}

function unlessEnded(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

async function progressOf(client: Client, workflowId: string): Promise<Progress | null> {
  try {
    return await askProgress(client, workflowId);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

function inWords(error: unknown): string {
  if (error instanceof WorkflowUpdateFailedError) return error.cause?.message ?? error.message;
  if (error instanceof WorkflowNotFoundError) return 'the run has ended, or the server does not know it';
  if (isGrpcServiceError(error)) return `the Temporal server does not answer: ${error.details}`;
  if (!(error instanceof Error)) return String(error);
  const mend: unknown = Reflect.get(error, 'mend');
  return typeof mend === 'string' ? `${error.message}. ${mend}` : error.message;
}
