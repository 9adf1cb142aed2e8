/** The worker processes of one `tutelage up`: one a role, started again when one dies, so that one can be killed alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerRole } from '../contracts/index.js';
import { isRunning, markProcess, type ProcessMark, readState, stopProcess, writeState } from '../temporal/index.js';

export interface FleetOptions {
  /** The state folder: workers.json and the log worker-ROLE.log of each are written there. */
  readonly folder: string;
  /** The command line of a role's process, after the Node executable. */
  readonly commandLine: (role: WorkerRole) => readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Told when a worker died and is started again. */
  readonly onProgress: (line: string) => void;
}

/** One entry of workers.json. */
export interface WorkerProcess {
  readonly role: WorkerRole;
  readonly process: ProcessMark;
}

const STATE_FILE = 'workers.json';
/** A worker that ran this long is started again at once; one that dies earlier waits twice as long each time. */
const HEALTHY_MS = 60_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** A worker ends by itself 25 s after it was told to; see runWorkers. */
const STOP_GRACE_MS = 30_000;

/** The workers that the folder's `up` last started and that still run. */
export function runningWorkers(folder: string): WorkerProcess[] {
  return (readState<WorkerProcess[]>(folder, STATE_FILE) ?? []).filter((worker) => isRunning(worker.process));
}

export class WorkerFleet {
  private readonly children = new Map<WorkerRole, ChildProcess>();
  private readonly stopping = new AbortController();
  private readonly dismissed = new Set<WorkerRole>();
  /** Aborted: the server answers. */
  private readonly answered = new AbortController();
  private readonly supervised: Promise<void>[] = [];

  /** Workers that a killed `up` left are given time to end, and then killed. */
  constructor(private readonly options: FleetOptions) {
    for (const { process: left } of runningWorkers(options.folder)) void removeLeftover(left);
  }

  /** Starts these roles, none of which was started before. */
  start(roles: readonly WorkerRole[]): void {
    this.supervised.push(...roles.map((role) => this.supervise(role)));
  }

  /** Until this is called, a worker that ended is not started again: that the server does not answer, whoever asks it tells once. */
  serverAnswers(): void {
    this.answered.abort();
  }

  /** Of the workers that run. */
  get pids(): Set<number> {
    return new Set([...this.children.values()].flatMap(({ pid }) => pid ?? []));
  }

  /** Ends the worker of a role, which is not started again. */
  async dismiss(role: WorkerRole): Promise<void> {
    this.dismissed.add(role);
    const child = this.children.get(role);
    if (child !== undefined) await stopChild(child);
  }

  /** Tells all workers to finish what they do, and waits for their end. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all([...this.children.values()].map(stopChild));
    await Promise.all(this.supervised);
  }

  /** Ends all workers at once; their activities are tried again elsewhere after a time-out. */
  kill(): void {
    this.stopping.abort();
    for (const child of this.children.values()) child.kill('SIGKILL');
  }

  private async supervise(role: WorkerRole): Promise<void> {
    let waitMs = FIRST_WAIT_MS;
    const isOver = () => this.stopping.signal.aborted || this.dismissed.has(role);
    while (!isOver()) {
      const startedAt = Date.now();
      const how = await this.runOnce(role);
      await aborted(AbortSignal.any([this.stopping.signal, this.answered.signal]));
      if (isOver()) return;
      if (Date.now() - startedAt > HEALTHY_MS) waitMs = FIRST_WAIT_MS;
      this.options.onProgress(`${role} worker ended (${how}); started again in ${waitMs / 1000} s`);
      await sleep(waitMs, undefined, { signal: this.stopping.signal }).catch(() => {}); // Aborted: the loop ends.
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    }
  }

  /** Resolves, at its end, to how it ended. */
  private runOnce(role: WorkerRole): Promise<string> {
    const log = openSync(this.logFile(role), 'a');
    // A group of its own: the terminal's Ctrl-C goes to `up` alone, which stops the workers first. The IPC channel tells
    // the worker when `up` is gone.
    const child = spawn(process.execPath, this.options.commandLine(role), {
      env: this.options.env,
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.children.set(role, child);
    this.writeState();
    return new Promise((resolve) => {
      const ended = (how: string) => {
        this.children.delete(role);
        this.writeState();
        resolve(how);
      };
      child.once('error', (error) => ended(error.message));
      child.once('exit', (code, signal) => ended(signal ?? `code ${code}: ${lastWords(this.logFile(role))}`));
    });
  }

  private writeState(): void {
    const workers: WorkerProcess[] = [];
    for (const [role, { pid }] of this.children) {
      const mark = pid === undefined ? null : markProcess(pid);
      if (mark !== null) workers.push({ role, process: mark });
    }
    writeState(this.options.folder, STATE_FILE, workers);
  }

  private logFile(role: WorkerRole): string {
    return join(this.options.folder, `worker-${role}.log`);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** An error is two lines: what is wrong, and the mend. */
function lastWords(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-2).join(' ');
}

async function stopChild(child: ChildProcess): Promise<void> {
  const mark = child.pid === undefined ? null : markProcess(child.pid);
  if (mark !== null) await stopProcess(mark, STOP_GRACE_MS);
}

/** It was told of its parent's end already; a second signal would cut its activities off. */
async function removeLeftover(mark: ProcessMark): Promise<void> {
  const end = Date.now() + STOP_GRACE_MS;
  while (isRunning(mark) && Date.now() < end) await sleep(500, undefined, { ref: false });
  await stopProcess(mark, 0);
}
