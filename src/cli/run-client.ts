/** Runs as the command line sees them: finding one, asking it, deciding at its gates. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  isGrpcDeadlineError,
  isGrpcServiceError,
  isRetryableError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { BudgetDecision, BudgetOutcome, GateDecision, GateOutcome, Progress } from '../contracts/index.js';
import { configuredServer, createClient, type ServerFlags, SetupError, UsageError } from '../temporal/index.js';
import { currentStateFolder } from './command-options.js';
import { readUpState, serverOf } from './up-state.js';

const ROOT_TYPES = ['distillation'];
const ANSWER_TIMEOUT_MS = 10_000;
const POLL_MS = 700;
/** The server ends a call that waits for a result after 20 s; the client asks again. */
const LONG_CALL_MS = 600_000;
/** For calls that nothing but their deadline ends. */
const NEVER = new AbortController().signal;
const UPDATE_TRIES = 12;
const UPDATE_PAUSE_MS = 2500;

/** A client for the server that is configured, or for the folder's own. Throws SetupError when there is none. */
export async function connect(flags: ServerFlags): Promise<Client> {
  const configured = configuredServer(process.env, flags);
  const state = readUpState(currentStateFolder());
  if (state !== null) return createClient(serverOf(state, configured), process.env);
  if (configured !== null) return createClient(configured, process.env);
  throw new SetupError('no Temporal server runs for this folder', 'Start it, with its workers, by: tutelage up');
}

/** Runs `work` with a client and closes it. */
export async function withClient<Result>(
  flags: ServerFlags,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = await connect(flags);
  try {
    return await work(client);
  } finally {
    await client.connection.close();
  }
}

/** Workflow ids of the runs that have not ended. */
export async function openRuns(client: Client): Promise<string[]> {
  const types = ROOT_TYPES.map((type) => `"${type}"`).join(', ');
  const open: string[] = [];
  const query = `WorkflowType IN (${types}) AND ExecutionStatus = "Running"`;
  for await (const run of client.workflow.list({ query })) open.push(run.workflowId);
  return open;
}

/** The run that is meant: the one named, else the only open one. */
export async function findRun(client: Client, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const open = await openRuns(client);
  if (open.length === 1) return open[0] as string;
  if (open.length === 0) throw new SetupError('no run is open', 'Name one: tutelage watch WORKFLOW-ID');
  throw new UsageError(`${open.length} runs are open: ${open.join(', ')}`, 'Name the one that is meant.');
}

/** What the run says of itself; null while no worker answers, or where the signal ended the call. Throws WorkflowNotFoundError. */
export async function askProgress(client: Client, workflowId: string, signal = NEVER): Promise<Progress | null> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    return await oneCall(client, ANSWER_TIMEOUT_MS, signal, () => handle.query<Progress>('progress'));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw error;
    if (isGrpcServiceError(error) || error instanceof Error) return null;
    throw error;
  }
}

/** Asks until there is an answer: a server that is away for a while is not the end of the run. Rejects where the signal ends it. */
export async function untilAnswered<Result>(
  client: Client,
  signal: AbortSignal,
  ask: () => Promise<Result>,
): Promise<Result> {
  for (;;) {
    try {
      return await oneCall(client, LONG_CALL_MS, signal, ask);
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      await sleep(POLL_MS, undefined, { signal });
    }
  }
}

/** A call that the signal ends: one that waits at the server would hold the process, and fail once the connection is closed. */
async function oneCall<Result>(
  { connection }: Client,
  timeoutMs: number,
  signal: AbortSignal,
  ask: () => Promise<Result>,
): Promise<Result> {
  // One for each call, since a call never lets go of its signal: a run may wait for a person for a week.
  const call = new AbortController();
  const end = () => call.abort();
  signal.addEventListener('abort', end);
  try {
    return await connection.withAbortSignal(call.signal, () => connection.withDeadline(Date.now() + timeoutMs, ask));
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Whether the server may answer later what it failed to answer now. */
function isPassing(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcDeadlineError(cause) || (isGrpcServiceError(cause) && isRetryableError(cause));
}

export function sendDecision(client: Client, workflowId: string, decision: GateDecision): Promise<GateOutcome> {
  return sendUpdate(client, workflowId, 'decide', decision);
}

export function sendBudgetDecision(
  client: Client,
  workflowId: string,
  decision: BudgetDecision,
): Promise<BudgetOutcome> {
  return sendUpdate(client, workflowId, 'raiseBudget', decision);
}

/** Sends a decision until a worker has taken it: an update that none accepted is lost with the server, and one sent again
 *  with the same decisionId counts once. */
async function sendUpdate<Outcome, Decision extends { decisionId: string | null }>(
  client: Client,
  workflowId: string,
  name: string,
  decision: Decision,
): Promise<Outcome> {
  const handle = client.workflow.getHandle(workflowId);
  for (let attempt = 1; ; attempt++) {
    try {
      return await handle.executeUpdate<Outcome, [Decision]>(name, {
        args: [decision],
        updateId: decision.decisionId ?? undefined,
      });
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError) throw error;
      const passing = error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcServiceError(error);
      if (!passing || attempt === UPDATE_TRIES) throw error;
      await sleep(UPDATE_PAUSE_MS);
    }
  }
}
