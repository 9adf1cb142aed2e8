/** Failures as people see them: the cause, with its type and its mend, without the wrappers of activities and children. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  ChildWorkflowFailure,
  type TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { ZodType, z } from 'zod';
import { FailureType, parseOrExplain } from '../contracts/index.js';

/** Parses the input of a workflow. A ZodError would fail the task and be retried for ever; this fails the run. */
export function checkInput<Schema extends ZodType>(schema: Schema, value: unknown, example: string): z.output<Schema> {
  if (value === undefined || value === null) {
    throw ApplicationFailure.nonRetryable(
      `the input is empty; it takes one JSON object: ${example}`,
      FailureType.InvalidInput,
    );
  }
  const parsed = parseOrExplain(schema, value);
  if (parsed.ok) return parsed.value;
  throw ApplicationFailure.nonRetryable(
    `the input is not right:\n${parsed.problems}\nFor example: ${example}`,
    FailureType.InvalidInput,
  );
}

/** Parses what a run carried over. null: it has not continued as new. */
export function checkCarried<Schema extends ZodType>(schema: Schema, value: unknown): z.output<Schema> | null {
  if (value === undefined) return null;
  const parsed = parseOrExplain(schema, value);
  if (parsed.ok) return parsed.value;
  throw ApplicationFailure.nonRetryable(
    `the second argument is what a run carries over to itself; leave it out:\n${parsed.problems}`,
    FailureType.InvalidInput,
  );
}

/** The type of the cause, or null. */
export function failureTypeOf(error: unknown): string | null {
  const cause = causeOf(error);
  return cause instanceof ApplicationFailure ? (cause.type ?? null) : null;
}

/** What the cause says. */
export function messageOf(error: unknown): string {
  const cause = causeOf(error);
  return cause instanceof Error ? cause.message : String(cause);
}

/** The failure that ends a run: unwrapped. Its details are what the run had reached, or, where that is null, the cause's own.
 *  A run that was cancelled ends so whatever failed on the way out; a child alone that was cancelled is a failure. */
export function finalFailure(error: unknown, reached: unknown): TemporalFailure {
  if (CancellationScope.current().consideredCancelled) return new CancelledFailure('the run was cancelled');
  const cause = causeOf(error);
  if (cause instanceof ApplicationFailure) {
    return ApplicationFailure.create({
      message: cause.message,
      type: cause.type ?? 'Error',
      nonRetryable: true,
      details: reached === null ? (cause.details ?? []) : [reached],
      ...(cause === error ? {} : { cause }),
    });
  }
  return ApplicationFailure.create({
    message: `${stageOf(error)}: ${describe(cause)}`,
    type: cause instanceof CancelledFailure ? FailureType.Cancelled : 'Error',
    nonRetryable: true,
    details: [reached],
  });
}

/** The innermost failure that says something. */
function causeOf(error: unknown): unknown {
  let current = error;
  while ((current instanceof ActivityFailure || current instanceof ChildWorkflowFailure) && current.cause) {
    current = current.cause;
  }
  return current;
}

function stageOf(error: unknown): string {
  if (error instanceof ActivityFailure) return `the activity ${error.activityType}`;
  if (error instanceof ChildWorkflowFailure) return `the workflow ${error.execution.workflowId}`;
  return 'the run';
}

function describe(cause: unknown): string {
  if (cause instanceof TimeoutFailure) return `no worker finished it in time (${cause.timeoutType})`;
  if (cause instanceof CancelledFailure) return 'somebody cancelled it';
  if (cause instanceof TerminatedFailure) return 'somebody terminated it';
  return messageOf(cause);
}
