/** Follows a run in the terminal until it ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { DistillationResult, FailureType, type Progress } from '../contracts/index.js';
import { chunksAtWork, trainingAtWork } from './heartbeats.js';
import { askProgress, untilAnswered } from './run-client.js';
import { type AtWork, NOTHING_AT_WORK, RunView } from './run-view.js';

const POLL_MS = 700;

export interface RunEnd {
  /** What the run came to; null where it failed before it could tell. */
  readonly result: DistillationResult | null;
  /** Why it did not end with a deployment; null: it did. */
  readonly failure: { readonly type: string | null; readonly message: string } | null;
}

/** Resolves when the run has ended, or with null when the signal (Ctrl-C) ends the watching; the run goes on. */
export async function followRun(client: Client, workflowId: string, signal: AbortSignal): Promise<RunEnd | null> {
  const view = new RunView();
  const handle = client.workflow.getHandle(workflowId);
  let ended: RunEnd | null = null;
  let failure: unknown = null;
  const waiting = untilAnswered(client, signal, () => handle.result())
    .then((result) => {
      ended = { result: DistillationResult.parse(result), failure: null };
    })
    .catch((error: unknown) => {
      if (error instanceof WorkflowFailedError) ended = { result: reached(error), failure: failureOf(error) };
      else failure = error;
    });
  try {
    while (ended === null && failure === null && !signal.aborted) {
      const progress = await askProgress(client, workflowId, signal);
      if (signal.aborted) break;
      if (progress === null) view.showSilence();
      else view.show(progress, await atWork(client, progress));
      await Promise.race([waiting, sleep(POLL_MS, undefined, { signal }).catch(() => undefined)]);
    }
    if (failure !== null && !signal.aborted) throw failure;
    if (ended === null) return null;
    const last = await askProgress(client, workflowId);
    if (last !== null) view.show(last, NOTHING_AT_WORK);
    return ended;
  } finally {
    view.close();
  }
}

function failureOf({ cause, message }: WorkflowFailedError): RunEnd['failure'] {
  const kept = 'replies that were paid for are kept';
  if (cause instanceof CancelledFailure)
    return { type: FailureType.Cancelled, message: `the run was cancelled; ${kept}` };
  if (cause instanceof TerminatedFailure) return { type: null, message: `the run was terminated; ${kept}` };
  const type = cause instanceof ApplicationFailure ? (cause.type ?? null) : null;
  return { type, message: cause?.message ?? message };
}

/** What a failed run had reached: the details of its failure. */
function reached(error: WorkflowFailedError): DistillationResult | null {
  const details: unknown = error.cause && 'details' in error.cause ? error.cause.details : null;
  const parsed = DistillationResult.safeParse(Array.isArray(details) ? details[0] : null);
  return parsed.success ? parsed.data : null;
}

async function atWork(client: Client, { stage, training, workflowId }: Progress): Promise<AtWork> {
  if (stage === 'annotate') return { ...NOTHING_AT_WORK, chunks: await chunksAtWork(client, workflowId) };
  if (stage !== 'distill') return NOTHING_AT_WORK;
  const { news, trouble } = await trainingAtWork(client, workflowId);
  return { ...NOTHING_AT_WORK, training: news ?? training ?? null, trouble };
}
