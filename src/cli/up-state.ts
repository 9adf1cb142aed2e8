/** What is known of the folder's `tutelage up`: up.lock says whether one runs, up.json how it was started. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { localServer, lockHolder, type ProcessMark, readState, type Server, writeState } from '../temporal/index.js';

export interface UpState {
  readonly process: ProcessMark;
  /** Address of the server; its flags and profile are the caller's again. */
  readonly address: string;
  /** null: a server that the user configured, whose UI is not known. */
  readonly uiAddress: string | null;
  readonly store: string;
  /** Where it serves the review page. */
  readonly reviewAddress: string;
  /** It was started by another command and stops when idle. */
  readonly background: boolean;
  readonly environment: EnvironmentMark;
}

/** The variables that workers may use, so that a change is noticed; values only as salted hashes. */
export interface EnvironmentMark {
  readonly salt: string;
  readonly variables: Record<string, string>;
}

const START_TIMEOUT_MS = 15 * 60_000;
const STATE_FILE = 'up.json';
export const UP_LOCK = 'up.lock';

const builtFrom = fileURLToPath(new URL('../../dist/.built-from', import.meta.url));

/** The state of the `up` that runs in the folder; null if none does, or it is still starting. */
export function readUpState(folder: string): UpState | null {
  const holder = lockHolder(join(folder, UP_LOCK));
  const state = readState<UpState>(folder, STATE_FILE);
  return holder !== null && state?.process.pid === holder.pid ? state : null;
}

/** Waits until an `up` is ready; null as soon as goesOn() is false, or after 15 min: a first start may build the server. */
export async function waitForUp(folder: string, goesOn: () => boolean): Promise<UpState | null> {
  const end = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < end) {
    // Asked before the state is read: an `up` that gets ready as another one gives way is not missed.
    const stillGoing = goesOn();
    const state = readUpState(folder);
    if (state !== null || !stillGoing) return state;
    await sleep(100);
  }
  return null;
}

export function writeUpState(folder: string, state: UpState): void {
  writeState(folder, STATE_FILE, state);
}

/** Keeps an idle `up` from stopping while a command is about to use it. */
export function touchUpState(folder: string): void {
  const now = new Date();
  utimesSync(join(folder, STATE_FILE), now, now);
}

/** When a command last used it, Unix milliseconds. */
export function lastUsed(folder: string): number {
  return statSync(join(folder, STATE_FILE)).mtimeMs;
}

/** The running server: the configured one, or the local one at the recorded address. */
export function serverOf(state: UpState, configured: Server | null): Server {
  return configured ?? localServer(state.address);
}

export function markEnvironment(env: NodeJS.ProcessEnv, salt = randomBytes(16).toString('hex')): EnvironmentMark {
  const variables: Record<string, string> = { '(build)': hash(salt, buildMark()) };
  for (const [name, value] of Object.entries(env)) {
    if (matters(name) && value !== undefined) variables[name] = hash(salt, value);
  }
  return { salt, variables };
}

/** Names of the variables that differ from the mark. */
export function changedVariables(mark: EnvironmentMark, env: NodeJS.ProcessEnv): string[] {
  const now = markEnvironment(env, mark.salt).variables;
  const names = new Set([...Object.keys(mark.variables), ...Object.keys(now)]);
  return [...names].filter((name) => mark.variables[name] !== now[name]).sort();
}

function matters(name: string): boolean {
  return /(_KEY|_TOKEN|_SECRET|_PROXY)$|^(AWS|HF|TUTELAGE|TEMPORAL)_/i.test(name);
}

function hash(salt: string, value: string): string {
  return createHash('sha256').update(`${salt}\0${value}`).digest('hex');
}

function buildMark(): string {
  return existsSync(builtFrom) ? readFileSync(builtFrom, 'utf8') : '';
}
