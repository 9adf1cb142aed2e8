/** Errors as users see them: one line and how to mend it; the stack only where TUTELAGE_DEBUG=1 asks for it. */
import { CommanderError } from 'commander';
import { ZodError, z } from 'zod';
import { scrubSecrets } from '../temporal/index.js';
import { ExitCode, exitCodeFor } from './exit-codes.js';

/** What Temporal wraps around a failure of a workflow, an update or an activity. */
const WRAPPERS = new Set([
  'WorkflowFailedError',
  'WorkflowUpdateFailedError',
  'ActivityFailure',
  'ChildWorkflowFailure',
]);

/** Writes the error to stderr and returns the exit code. */
export function reportError(error: unknown, env: NodeJS.ProcessEnv): ExitCode {
  // Commander has written its own message; help and the version are thrown too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Ok : ExitCode.InputRefused;
  process.stderr.write(`tutelage: ${scrubSecrets(describe(error))}\n`);
  if (error instanceof Error) {
    const mend = property(error, 'mend');
    if (mend !== null && !error.message.includes(mend)) process.stderr.write(`  ${mend}\n`);
    if (env.TUTELAGE_DEBUG === '1') process.stderr.write(`${scrubSecrets(withCauses(error))}\n`);
  }
  if (error instanceof ZodError || (error instanceof Error && error.name === 'NamespaceNotFoundError'))
    return ExitCode.InputRefused;
  return exitCodeFor(failureType(error));
}

function describe(error: unknown): string {
  if (error instanceof ZodError) return z.prettifyError(error);
  if (!(error instanceof Error)) return String(error);
  if (property(error, 'code') === 'EADDRINUSE') {
    return `another program listens on port ${Reflect.get(error, 'port')} already; name another one with --port (0: any free one)`;
  }
  // Their own messages say only that there was one. By name, since loading the client takes long.
  if (WRAPPERS.has(error.name) && error.cause instanceof Error) return describe(error.cause);
  if (error.name === 'NamespaceNotFoundError') {
    const namespace = property(error, 'namespace');
    return `the server has no namespace ${namespace}; name another one with --namespace, TEMPORAL_NAMESPACE or a profile, or make it: temporal operator namespace create -n ${namespace}`;
  }
  // The same error for a run that has ended and for a name that no run has.
  if (error.name === 'WorkflowNotFoundError') {
    const workflowId = property(error, 'workflowId');
    return `no open run is called ${workflowId} here. One that has ended is shown by: tutelage watch ${workflowId}`;
  }
  return error.message;
}

/** The type that a failure from Temporal carries, at any depth of its causes. */
function failureType(error: unknown): string | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const type = property(cause, 'type');
    if (type !== null) return type;
  }
  return null;
}

function property(error: Error, name: string): string | null {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : null;
}

function withCauses(error: Error): string {
  const stack = error.stack ?? error.message;
  return error.cause instanceof Error ? `${stack}\nCaused by: ${withCauses(error.cause)}` : stack;
}
