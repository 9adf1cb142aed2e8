/** Training in a process of its own: it neither blocks the caller's event loop nor dies with its memory. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TrainingProgress } from '../contracts/index.js';
import { distEntry } from './dist-entry.js';
import { OUT_OF_FOLD_FILE } from './out-of-fold.js';
import type { TrainedStudent, TrainingJob } from './student.js';
import { TrainingProcessError } from './student-errors.js';
import { readLines } from './training-examples.js';
import { fromFailure, type TrainingReply, type TrainingRequest } from './training-messages.js';

export interface TrainInProcessOptions {
  /** Called at each phase and within it every 200 ms or so. What it throws ends the training. */
  readonly onProgress: (progress: TrainingProgress) => void;
  /** Stops the training; the promise then rejects with its reason once the process is gone. */
  readonly signal?: AbortSignal;
}

type TrainingResult = Extract<TrainingReply, { type: 'done' | 'predicted' }>;

export interface TrainingPatience {
  /** How long a process may take to follow "stop" before it is killed. */
  readonly graceMs: number;
  /** How long it may say nothing: it is hung then, and ended, so that another attempt goes on from its checkpoint. The longest that
   *  one keeps silent is a part of a step, seconds. */
  readonly silenceMs: number;
}

const PATIENCE: TrainingPatience = { graceMs: 5000, silenceMs: 600_000 };
/** Silence is counted in so many parts: a parent that was suspended itself has read nothing meanwhile. */
const SILENT_PARTS = 10;
/** Characters of stderr that an error shows. */
const STDERR_TAIL = 2000;

/** Trains job.kind and leaves the student's files in job.outputFolder; after an error, what stands there is of no use.
 *  Throws TrainingRefusedError, ParityError, or TrainingProcessError when the process died. */
export function trainInProcess(job: TrainingJob, options: TrainInProcessOptions): Promise<TrainedStudent> {
  return superviseTraining(distEntry('train-child'), job, options);
}

/** What a linear student says of each example when it was held out: probabilities by the job's labels, in the order of the
 *  examples. Throws as trainInProcess. */
export async function* predictOutOfFoldInProcess(
  job: TrainingJob,
  options: TrainInProcessOptions,
): AsyncGenerator<number[]> {
  await supervise(distEntry('train-child'), { type: 'predict-out-of-fold', job }, options, PATIENCE);
  for await (const line of readLines(join(job.outputFolder, OUT_OF_FOLD_FILE))) {
    if (line !== '') yield JSON.parse(line) as number[];
  }
}

/** trainInProcess with another entry file and patience. */
export async function superviseTraining(
  entry: string,
  job: TrainingJob,
  options: TrainInProcessOptions,
  patience: Partial<TrainingPatience> = {},
): Promise<TrainedStudent> {
  const answer = await supervise(entry, { type: 'train', job }, options, { ...PATIENCE, ...patience });
  if (answer.type !== 'done') throw new TypeError(`the training process answered "${answer.type}" to "train"`);
  return answer.trained;
}

async function supervise(
  entry: string,
  request: Exclude<TrainingRequest, { type: 'stop' }>,
  { onProgress, signal }: TrainInProcessOptions,
  { graceMs, silenceMs }: TrainingPatience,
): Promise<TrainingResult> {
  signal?.throwIfAborted();
  const child = fork(entry, [], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [`--max-old-space-size=${request.job.settings.maxMemoryMb}`],
  });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const stderr = tailOf(child);
  const state: { answer: TrainingReply | null; stopped: { readonly reason: unknown } | null } = {
    answer: null,
    stopped: null,
  };
  let killTimer: NodeJS.Timeout | undefined;
  const stop = (reason: unknown) => {
    if (state.stopped !== null) return;
    state.stopped = { reason };
    tell(child, { type: 'stop' });
    killTimer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  };
  const onAbort = () => stop(signal?.reason);
  signal?.addEventListener('abort', onAbort);
  let silent = 0;
  const watch = setInterval(() => {
    if (++silent < SILENT_PARTS) return;
    stop(
      new TrainingProcessError(`the training process has said nothing for ${silenceMs / 1000} s`, null, null, stderr()),
    );
  }, silenceMs / SILENT_PARTS);
  child.on('message', (reply: TrainingReply) => {
    silent = 0;
    if (reply.type === 'alive') return;
    if (reply.type !== 'progress') state.answer = reply;
    else if (state.stopped === null) attempt(() => onProgress(reply.progress), stop);
  });
  tell(child, request);
  try {
    const [exitCode, exitSignal] = await ended;
    if (state.stopped !== null) throw state.stopped.reason;
    return settle(state.answer, exitCode, exitSignal, stderr());
  } finally {
    clearTimeout(killTimer);
    clearInterval(watch);
    signal?.removeEventListener('abort', onAbort);
  }
}

function settle(
  answer: TrainingReply | null,
  exitCode: number | null,
  signal: NodeJS.Signals | null,
  stderr: string,
): TrainingResult {
  if (answer?.type === 'done' || answer?.type === 'predicted') return answer;
  if (answer?.type === 'failed') throw fromFailure(answer.failure);
  const how = signal === null ? `with exit code ${exitCode}` : `by ${signal}`;
  const hint = signal === 'SIGKILL' ? ' (the system kills processes when memory runs out)' : '';
  const last = stderr === '' ? '' : `; it last wrote:\n${stderr}`;
  throw new TrainingProcessError(`the training process ended ${how}${hint}${last}`, exitCode, signal, stderr);
}

/** A process that is gone can't be told anything; its end is reported by "close". */
function tell(child: ChildProcess, request: TrainingRequest): void {
  child.send(request, () => {});
}

/** Collects what the child writes to stderr; gives the last of it. */
function tailOf(child: ChildProcess): () => string {
  let tail = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    tail = (tail + chunk).slice(-STDERR_TAIL);
  });
  return () => tail.trim();
}

function attempt(call: () => void, onError: (error: unknown) => void): void {
  try {
    call();
  } catch (error) {
    onError(error);
  }
}
