/** A lock that one process of this machine holds until it ends, however it ends. */
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, markProcess, type ProcessMark } from './process-mark.js';

/** Longest time that taking over a dead holder's lock may take; it is a few file operations. */
const TAKEOVER_MS = 10_000;

export interface Lock {
  release(): void;
}

/** Takes the lock, or returns null when a process that runs holds it. */
export function tryLock(path: string): Lock | null {
  mkdirSync(dirname(path), { recursive: true });
  if (placeLock(path)) return { release: () => release(path) };
  if (lockHolder(path) !== null) return null;
  return removeStale(path) && placeLock(path) ? { release: () => release(path) } : null;
}

/** Waits for the lock; throws after timeoutMs. */
export async function waitForLock(path: string, timeoutMs: number): Promise<Lock> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const lock = tryLock(path);
    if (lock !== null) return lock;
    if (Date.now() > end) {
      throw new Error(`process ${lockHolder(path)?.pid ?? '?'} has held ${path} for ${Math.round(timeoutMs / 1000)} s`);
    }
    await sleep(100);
  }
}

/** The process that holds the lock; null if none does, or its holder died. */
export function lockHolder(path: string): ProcessMark | null {
  const holder = readHolder(path);
  return holder !== null && isRunning(holder) ? holder : null;
}

/** By link, so that the lock never exists without its holder's name in it. */
function placeLock(path: string): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(markProcess(process.pid)));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes a dead holder's lock. Only one process may do so at a time, or the second would remove the first one's new lock. */
function removeStale(path: string): boolean {
  const guard = `${path}.takeover`;
  try {
    writeFileSync(guard, '', { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const since = statSync(guard, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > TAKEOVER_MS) rmSync(guard, { force: true });
    return false;
  }
  try {
    if (lockHolder(path) !== null) return false;
    rmSync(path, { force: true });
    return true;
  } finally {
    rmSync(guard, { force: true });
  }
}

function release(path: string): void {
  if (readHolder(path)?.pid === process.pid) rmSync(path, { force: true });
}

function readHolder(path: string): ProcessMark | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessMark;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}
