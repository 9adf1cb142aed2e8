/** tutelage predict --durable: the rows are answered by the workers, in a workflow that outlives this process. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { ClassificationResult, Classified, counted, TASK_QUEUES } from '../contracts/index.js';
import type { ServerFlags } from '../temporal/index.js';
import { placedPath, storeLocation } from './command-options.js';
import { ProgressLine } from './progress-line.js';
import { untilAnswered, withClient } from './run-client.js';

export interface RowsToClassify {
  readonly task: string;
  readonly version: number | null;
  readonly input: string;
  readonly output: string;
  readonly textColumn: string;
  readonly top: number | null;
  /** --store; undefined: the usual one. */
  readonly store: string | undefined;
}

const POLL_MS = 700;
const ANSWER_TIMEOUT_MS = 10_000;

/** Starts the workflow `classification` and follows it. null: the signal ended the watching; the workflow goes on. Throws
 *  WorkflowFailedError. */
export async function predictDurably(
  { store, ...asked }: RowsToClassify,
  flags: ServerFlags,
  signal: AbortSignal,
): Promise<ClassificationResult | null> {
  return withClient(flags, async (client) => {
    const sent = {
      ...asked,
      input: placedPath(asked.input),
      output: placedPath(asked.output),
      store: storeLocation(store),
    };
    const workflowId = `predict-${asked.task}-${randomUUID().slice(0, 8)}`;
    const handle = await client.workflow.start('classification', {
      ...{ workflowId, taskQueue: TASK_QUEUES.orchestrator, args: [sent] },
      staticSummary: `${asked.task}: ${asked.input}`,
    });
    process.stderr.write(`the workers answer the rows: ${workflowId} (Ctrl-C ends the watching only)\n`);
    const result = await follow(client, handle, signal);
    if (result === null) {
      process.stderr.write(
        `${workflowId} goes on. Its result: temporal workflow result -w ${workflowId}; to end it: temporal workflow cancel -w ${workflowId}\n`,
      );
    }
    return result;
  });
}

async function follow(
  client: Client,
  handle: WorkflowHandle,
  signal: AbortSignal,
): Promise<ClassificationResult | null> {
  const progress = new ProgressLine();
  let ended = false;
  const waiting = untilAnswered(client, signal, () => handle.result()).finally(() => {
    ended = true;
  });
  waiting.catch(() => undefined); // It is awaited below, unless the watching ends.
  try {
    while (!ended && !signal.aborted) {
      const now = await classified(client, handle);
      if (now === null) progress.show('no worker answers; it goes on when one is there');
      else if (now.total === null) progress.show('reading the rows');
      else progress.show(`${now.rows} of ${counted(now.total, 'row')}`);
      const pause = sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
      await Promise.race([waiting.catch(() => undefined), pause]);
    }
    return ended && !signal.aborted ? ClassificationResult.parse(await waiting) : null;
  } finally {
    progress.clear();
  }
}

/** null: no worker answers. */
async function classified(client: Client, handle: WorkflowHandle): Promise<Classified | null> {
  const deadline = Date.now() + ANSWER_TIMEOUT_MS;
  return client.connection
    .withDeadline(deadline, () => handle.query('classified'))
    .then((answer) => Classified.parse(answer))
    .catch(() => null);
}
