/** What befalls a run in a fault run: processes killed and suspended, at moments that the seed decides. A moment is a number of
 *  requests that the teacher has got, so that on every machine all of them come while calls are in flight. */
import { setTimeout as sleep } from 'node:timers/promises';
import { seededFraction } from '../../src/voting/index.js';
import { serverProcess, type TutelageProcess, until, workerProcesses } from '../cli/tutelage-process.js';
import { type LocalUp, startTutelage } from '../support/local-run.js';
import type { ReplayTeacher } from '../support/replay-teacher.js';
import { randomMoment, untilAsking } from './annotated-run.js';

export const DISTURBANCES = {
  'SIGKILL teacher worker': 8,
  'SIGKILL orchestrator worker': 2,
  'SIGSTOP teacher worker': 3,
  'SIGKILL server': 2,
} as const;
export type Disturbance = keyof typeof DISTURBANCES;

export const TEACHERS = 3;
/** Of a worker at once: a kill holds up no others. */
const CHUNKS = 2;
/** The heartbeat time-out is 10 s. */
const SUSPENDED_MS = [11_000, 14_000] as const;

export interface Disturbing {
  readonly up: LocalUp;
  readonly teacher: ReplayTeacher;
  readonly seed: number;
  /** The last one comes before the teacher has got so many requests. */
  readonly requests: number;
  readonly env: Record<string, string>;
}

/** Calls in flight when each of them came, in their order. */
export type Disturbed = readonly { readonly what: Disturbance; readonly inFlight: number }[];

export class Disturber {
  private readonly teachers: TutelageProcess[] = [];
  private over = false;
  private readonly suspended = new Map<number, Promise<void>>();
  private readonly disturbed: { what: Disturbance; inFlight: number }[] = [];

  private constructor(private readonly about: Disturbing) {}

  /** With teacher workers of its own, which it starts again at once. */
  static async start(about: Disturbing): Promise<Disturber> {
    const disturber = new Disturber(about);
    for (let worker = 0; worker < TEACHERS; worker++) await disturber.startWorker();
    return disturber;
  }

  /** Resolves when all has happened and nobody is suspended any more. */
  async disturb(): Promise<Disturbed> {
    const { requests, seed, teacher } = this.about;
    const order = Object.entries(DISTURBANCES)
      .flatMap(([what, times]) => Array.from({ length: times }, (_, k) => `${what} ${k + 1}`))
      .map((name) => ({ name, at: randomMoment(1, requests, seed, name) }))
      .sort((a, b) => a.at - b.at);
    for (const { at, name } of order) {
      await untilAsking(teacher, at);
      await sleep(randomMoment(0, 200, seed, `pause before ${name}`));
      const inFlight = await untilAsking(teacher);
      const what = name.replace(/ \d+$/, '') as Disturbance;
      console.log(`${what} after ${(await teacher.stats()).requests} requests with ${inFlight} calls in flight`);
      this.disturbed.push({ what, inFlight });
      await this.apply(what, name);
    }
    await Promise.all(this.suspended.values());
    return this.disturbed;
  }

  /** Also where the test failed half-way: a suspended process could not be stopped in good order. */
  end(): void {
    this.over = true;
    for (const pid of this.suspended.keys()) process.kill(pid, 'SIGCONT');
  }

  private async apply(what: Disturbance, name: string): Promise<void> {
    const { folder } = this.about.up;
    if (what === 'SIGKILL server') {
      const { pid } = serverProcess(folder);
      process.kill(pid, 'SIGKILL');
      await until(() => serverProcess(folder).pid !== pid);
    } else if (what === 'SIGKILL orchestrator worker') {
      await until(() => workerProcesses(folder).orchestrator !== undefined);
      process.kill(workerProcesses(folder).orchestrator?.pid ?? 0, 'SIGKILL');
    } else {
      const awake = this.teachers.filter(({ child }) => child.exitCode === null && !this.suspended.has(child.pid ?? 0));
      const victim = awake[Math.floor(seededFraction(this.about.seed, `victim of ${name}`) * awake.length)];
      if (victim === undefined) throw new Error('all teacher workers are suspended, and calls are in flight');
      if (what === 'SIGSTOP teacher worker') this.suspend(victim.child.pid ?? 0, name);
      else await this.kill(victim);
    }
  }

  private suspend(pid: number, name: string): void {
    process.kill(pid, 'SIGSTOP');
    const waking = sleep(randomMoment(...SUSPENDED_MS, this.about.seed, `waking after ${name}`)).then(() => {
      process.kill(pid, 'SIGCONT');
      this.suspended.delete(pid);
    });
    this.suspended.set(pid, waking);
  }

  private async kill(victim: TutelageProcess): Promise<void> {
    victim.child.kill('SIGKILL');
    this.teachers.splice(this.teachers.indexOf(victim), 1);
    await this.startWorker();
  }

  /** One that begins while the killed server is away finds none and ends with that word; then another takes its place, as under a supervisor. */
  private async startWorker(): Promise<void> {
    const { env, up } = this.about;
    const args = ['worker', '--role', 'teacher', '--address', up.address, '--concurrency', String(CHUNKS)];
    const worker = await startTutelage(args, { cwd: up.folder, env });
    this.teachers.push(worker);
    void worker.ended.then(async ({ stderr }) => {
      if (this.over || !stderr.includes('no Temporal server answers')) return;
      this.teachers.splice(this.teachers.indexOf(worker), 1);
      await this.startWorker();
    });
  }
}
