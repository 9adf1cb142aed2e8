/** Runs the built command line in folders of its own, away from the developer's settings. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findServerBinary, isRunning, type ProcessMark } from '../../src/temporal/index.js';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const launcher = join(__dirname, '..', '..', 'bin', 'tutelage.js');
const folders: string[] = [];
const started: TutelageProcess[] = [];

export class TutelageProcess {
  readonly child: ChildProcess;
  /** Resolves at its end. */
  readonly ended: Promise<Ended>;
  /** stdout and stderr so far, as they came. */
  output = '';
  private stdout = '';
  private stderr = '';

  constructor(folder: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    // A process group of its own, as a terminal gives to a command.
    this.child = spawn(process.execPath, [launcher, ...args], { cwd: folder, env, detached: true });
    this.child.stdout?.on('data', (data: Buffer) => {
      this.stdout += data.toString();
      this.output += data.toString();
    });
    this.child.stderr?.on('data', (data: Buffer) => {
      this.stderr += data.toString();
      this.output += data.toString();
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr }));
    });
    started.push(this);
  }

  /** Waits for some output; fails when the process ends without it. */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.output)) {
      if (this.child.exitCode !== null) throw new Error(`it ended with: ${this.output}`);
      await sleep(50);
    }
  }

  /** What Ctrl-C in a terminal does: the whole process group gets SIGINT. */
  pressCtrlC(): void {
    process.kill(-(this.child.pid ?? 0), 'SIGINT');
  }
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-cli-'));
  folders.push(folder);
  return folder;
}

export async function cleanEnvironment(extra: Record<string, string> = {}): Promise<NodeJS.ProcessEnv> {
  const binary = await findServerBinary({ env: process.env, install: false, onProgress: () => {} });
  if (binary === null) throw new Error('no Temporal CLI is found: run `npm test`, or set TEMPORAL_CLI_PATH');
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(TEMPORAL|TUTELAGE|HF)_/.test(name)),
  );
  return {
    ...env,
    TEMPORAL_CLI_PATH: binary.path,
    TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml',
    NO_COLOR: '1',
    ...extra,
  };
}

export async function start(folder: string, args: readonly string[], extra: Record<string, string> = {}) {
  if (!existsSync(join(__dirname, '..', '..', 'dist', 'cli', 'main.js'))) throw new Error('run `npm run build` first');
  return new TutelageProcess(folder, args, await cleanEnvironment(extra));
}

export async function run(folder: string, args: readonly string[], extra: Record<string, string> = {}): Promise<Ended> {
  return (await start(folder, args, extra)).ended;
}

/** A file of the folder's .tutelage. */
export function readState<T>(folder: string, name: string): T {
  return JSON.parse(readFileSync(join(folder, '.tutelage', name), 'utf8')) as T;
}

export function serverProcess(folder: string): ProcessMark {
  return readState<{ running: { process: ProcessMark } }>(folder, 'server.json').running.process;
}

export function workerProcesses(folder: string): Record<string, ProcessMark> {
  const workers = readState<{ role: string; process: ProcessMark }[]>(folder, 'workers.json');
  return Object.fromEntries(workers.map((worker) => [worker.role, worker.process]));
}

/** Waits until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(50);
}

/** Whether something that was started in the folder still runs. */
function hasLeftovers(folder: string): boolean {
  const stateOf = <T>(name: string): T | null =>
    existsSync(join(folder, '.tutelage', name)) ? readState<T>(folder, name) : null;
  const marks = [
    stateOf<{ process: ProcessMark }>('up.json')?.process,
    stateOf<{ running: { process: ProcessMark } | null }>('server.json')?.running?.process,
    ...(stateOf<{ process: ProcessMark }[]>('workers.json') ?? []).map((worker) => worker.process),
  ];
  return marks.some((mark) => mark !== undefined && isRunning(mark));
}

/** Stops everything that the tests of a file left running, and removes their folders. */
export async function cleanUp(): Promise<void> {
  for (const folder of folders.filter(hasLeftovers)) await run(folder, ['down']);
  for (const { child } of started) if (child.exitCode === null) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
