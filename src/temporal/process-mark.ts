/** Recognising a process again: its pid may belong to a stranger by now, so its start time is kept with it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessMark {
  readonly pid: number;
  /** When it started, in the words of the system; null where the system doesn't tell. */
  readonly started: string | null;
}

/** The mark of a process that runs; null if none has the pid. */
export function markProcess(pid: number): ProcessMark | null {
  if (!answersSignals(pid)) return null;
  const found = describeProcess(pid);
  if (found === 'gone') return null;
  return { pid, started: found };
}

export function isRunning(mark: ProcessMark): boolean {
  const now = markProcess(mark.pid);
  return now !== null && (now.started === null || mark.started === null || now.started === mark.started);
}

/** Sends SIGTERM, and SIGKILL when the process still runs after graceMs. Resolves when it is gone. */
export async function stopProcess(mark: ProcessMark, graceMs: number): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', 10_000],
  ] as const) {
    if (!isRunning(mark)) return;
    sendSignal(mark.pid, signal);
    const end = Date.now() + waitMs;
    while (isRunning(mark) && Date.now() < end) await sleep(50);
  }
  if (isRunning(mark)) throw new Error(`process ${mark.pid} can't be stopped`);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Start time; 'gone' for a process that ended and that nobody has collected yet (it still answers signals). */
function describeProcess(pid: number): string | null | 'gone' {
  if (platform() === 'linux') return describeFromProc(pid);
  if (platform() === 'win32') return null;
  const { stdout, status } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  if (status !== 0 || stdout.trim() === '') return null;
  const [state = '', ...started] = stdout.trim().split(/\s+/);
  return state.startsWith('Z') ? 'gone' : started.join(' ');
}

/** See proc(5): the fields after the command's name in parentheses start with the state; the start time is the 22nd. */
function describeFromProc(pid: number): string | 'gone' {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return 'gone';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${fields[19]}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return 'gone';
    throw error;
  }
}
