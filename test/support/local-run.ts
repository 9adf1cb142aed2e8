/** For end-to-end tests: a Temporal server with workers of its own, the built command line, and the plain Temporal CLI,
 *  each a real process in a folder of the test. Everything is stopped and removed after the tests of a file. */
import { execFile } from 'node:child_process';
import type { UpState } from '../../src/cli/up-state.js';
import { DistillationResult, type WorkerRole } from '../../src/contracts/index.js';
import { cleanEnvironment, cleanUp, readState, start, type TutelageProcess } from '../cli/tutelage-process.js';

export interface LocalUp {
  readonly folder: string;
  /** host:port of the server. */
  readonly address: string;
  readonly uiAddress: string;
  /** Environment for other processes that use this server. */
  readonly env: NodeJS.ProcessEnv;
  readonly process: TutelageProcess;
  /** Ctrl-C, then waits for the end; returns the exit code. */
  stop(): Promise<number | null>;
}

export interface Finished {
  /** null: ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line on stdout as JSON; null if it is none. */
  readonly json: unknown;
}

export interface RunOptions {
  readonly cwd: string;
  /** Variables besides those of the clean environment. */
  readonly env?: Record<string, string>;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 240_000;
const MAX_OUTPUT_BYTES = 256 * 2 ** 20;
/** A test run that is killed leaves nothing behind for long. */
const IDLE_EXIT_MINUTES = '5';

afterAll(cleanUp);

/** `tutelage up` in the folder, ready to work. The folder comes from newFolder(). */
export async function startUp(
  folder: string,
  { roles = [], ...options }: { env?: Record<string, string>; roles?: readonly WorkerRole[] } = {},
): Promise<LocalUp> {
  const only = roles.length === 0 ? [] : ['--roles', ...roles];
  const up = await startTutelage(['up', '--idle-exit', IDLE_EXIT_MINUTES, ...only], { cwd: folder, ...options });
  await up.says(/^next /m);
  const { address, uiAddress } = readState<UpState>(folder, 'up.json');
  if (uiAddress === null) throw new Error('the server has no UI');
  return {
    folder,
    address,
    uiAddress,
    env: await cleanEnvironment(options.env),
    process: up,
    stop: async () => {
      up.pressCtrlC();
      return (await up.ended).code;
    },
  };
}

/** Starts the command line in the background of the test. */
export function startTutelage(args: readonly string[], { cwd, env }: RunOptions): Promise<TutelageProcess> {
  return start(cwd, args, env);
}

/** Runs the command line to its end. */
export async function tutelage(args: readonly string[], options: RunOptions): Promise<Finished> {
  const started = await startTutelage(args, options);
  const { timeoutMs = TIMEOUT_MS } = options;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    started.child.kill('SIGKILL');
  }, timeoutMs);
  const ended = await started.ended.finally(() => clearTimeout(timer));
  if (late) throw new Error(`tutelage ${args[0]} did not end within ${timeoutMs} ms:\n${started.output}`);
  return { ...ended, json: lastJson(ended.stdout) };
}

/** Runs the plain Temporal CLI against a server, as a user would type it. */
export async function temporalCli(
  args: readonly string[],
  { address, cwd }: { readonly address: string; readonly cwd: string },
): Promise<Finished> {
  const env = await cleanEnvironment();
  return new Promise((resolve, reject) => {
    const options = { cwd, env, timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES };
    execFile(env.TEMPORAL_CLI_PATH ?? '', [...args, '--address', address], options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr, json: wholeJson(stdout) });
    });
  });
}

/** What `tutelage distill --json` printed. Fails where it has not the shape that is promised. */
export function resultOf(ended: Finished): DistillationResult {
  const parsed = DistillationResult.strict().safeParse(ended.json);
  if (parsed.success) return parsed.data;
  throw new Error(`no result on the last line of stdout (exit code ${ended.code}):\n${ended.stdout}${ended.stderr}`);
}

function lastJson(stdout: string): unknown {
  return wholeJson(stdout.trimEnd().split('\n').at(-1) ?? '');
}

function wholeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not every command prints JSON.
    return null;
  }
}
