/** For end-to-end tests: `tutelage teacher` as a process, which keeps its own account of what it was asked. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ReplayStats } from '../../src/teachers/replay-statistics.js';

export interface TeacherOptions {
  /** File of recorded replies. */
  readonly replies: string;
  /** Whose replies of the file, as votes.plan calls it. */
  readonly teacher?: string;
  readonly latencyMs?: number;
  readonly jitter?: number;
  readonly share429?: number;
  readonly share500?: number;
  readonly shareDropped?: number;
  readonly retryAfterSeconds?: number;
  readonly seed?: number;
  /** 0: any free one. */
  readonly port?: number;
}

export interface ReplayTeacher {
  /** For --teacher-url; with /v1. */
  readonly url: string;
  readonly pid: number;
  stats(): Promise<ReplayStats>;
  stop(): Promise<void>;
}

const launcher = join(__dirname, '..', '..', 'bin', 'tutelage.js');
const running = new Set<ChildProcess>();

afterAll(() => Promise.all([...running].map(stop)));

export async function startTeacher(options: TeacherOptions): Promise<ReplayTeacher> {
  const { replies, latencyMs = 0, jitter = 0, share429 = 0, share500 = 0, shareDropped = 0 } = options;
  const { retryAfterSeconds = 1, seed = 1, port = 0, teacher = 'teacher' } = options;
  const args = Object.entries({
    '--replies': replies,
    '--teacher': teacher,
    '--latency': latencyMs,
    '--jitter': jitter,
    '--share-429': share429,
    '--share-500': share500,
    '--share-dropped': shareDropped,
    '--retry-after': retryAfterSeconds,
    '--seed': seed,
    '--port': port,
  }).flatMap(([name, value]) => [name, String(value)]);
  const child = spawn(process.execPath, [launcher, 'teacher', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, 'line'), once(lines, 'close')]);
  if (line === undefined || child.pid === undefined) throw new Error('the replay teacher did not start');
  const { url, stats }: { url: string; stats: string } = JSON.parse(line);
  return {
    url,
    pid: child.pid,
    stats: async () => (await (await fetch(stats)).json()) as ReplayStats,
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  running.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
