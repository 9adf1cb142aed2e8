/** Failures as people see them: the cause, with its type and its mend, without the wrappers of activities and children. */
import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, TimeoutFailure } from '@temporalio/workflow';
import { DistillationInput, FailureType, parseOrExplain } from '../contracts/index.js';

/** Parses the input of a workflow. A ZodError would fail the task and be retried for ever; this fails the run. */
export function checkInput(value: unknown): DistillationInput {
  const example = '{"task": "financial-sentiment", "corpus": "/data/texts.jsonl"}';
  if (value === undefined || value === null) {
    throw ApplicationFailure.nonRetryable(
      `the input is empty; it takes one JSON object: ${example}`,
      FailureType.InvalidInput,
    );
  }
  const parsed = parseOrExplain(DistillationInput, value);
  if (parsed.ok) return parsed.value;
  throw ApplicationFailure.nonRetryable(
    `the input is not right:\n${parsed.problems}\nFor example: ${example}`,
    FailureType.InvalidInput,
  );
}

/** The innermost failure that says something. */
export function causeOf(error: unknown): unknown {
  let current = error;
  while ((current instanceof ActivityFailure || current instanceof ChildWorkflowFailure) && current.cause) {
    current = current.cause;
  }
  return current;
}

/** The type of the cause, or null. */
export function failureTypeOf(error: unknown): string | null {
  const cause = causeOf(error);
  return cause instanceof ApplicationFailure ? (cause.type ?? null) : null;
}

/** The failure that ends a run: unwrapped, with what the run had reached as its details. */
export function finalFailure(error: unknown, reached: unknown): ApplicationFailure {
  const cause = causeOf(error);
  if (cause instanceof ApplicationFailure) {
    return ApplicationFailure.create({
      message: cause.message,
      type: cause.type ?? 'Error',
      nonRetryable: true,
      details: [reached],
      cause,
    });
  }
  const message =
    cause instanceof TimeoutFailure
      ? `${cause.message} (${cause.timeoutType}): no worker finished the stage in time`
      : String(cause instanceof Error ? cause.message : cause);
  return ApplicationFailure.create({ message, type: 'Error', nonRetryable: true, details: [reached] });
}
