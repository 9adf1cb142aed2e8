/** Finding the Temporal CLI, which brings the dev server: what is there first, then the official download, then a build. */
import { spawn } from 'node:child_process';
import { accessSync, constants, createWriteStream, existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SetupError, UsageError } from './setup-error.js';

export interface ServerBinary {
  readonly path: string;
  /** Where it came from, for people: "TEMPORAL_CLI_PATH", "PATH". */
  readonly source: string;
}

export interface FindOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Told what is tried and why, one line a step. */
  readonly onProgress: (line: string) => void;
  /** false: look only, download and build nothing. */
  readonly install: boolean;
}

/** The last version that `go install` accepts: later ones have a replace directive in go.mod. */
const BUILT_VERSION = '1.5.1';
const DOWNLOAD = 'https://temporal.download/cli/archive/latest';
const CONNECT_TIMEOUT_MS = 10_000;
const REMINDER_MS = 30_000;
const EXECUTABLE = process.platform === 'win32' ? 'temporal.exe' : 'temporal';

/** The binary; null when install is false and there is none. Throws SetupError when TEMPORAL_CLI_PATH is wrong, or when
 *  nothing works. A download takes seconds; a build about five minutes on two cores. */
export async function findServerBinary(options: FindOptions): Promise<ServerBinary | null> {
  const found = givenBinary(options.env) ?? binaryOnPath(options.env) ?? cachedBinary(options.env);
  if (found !== null) return found;
  const built = await binaryOfGo(options.env);
  if (built !== null || !options.install) return built;
  const problems: string[] = [];
  for (const install of [download, buildWithGo]) {
    try {
      return await install(options);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      problems.push(problem);
      options.onProgress(problem);
    }
  }
  throw new SetupError(
    `there is no Temporal server: ${problems.join('; ')}`,
    'Install the Temporal CLI (https://docs.temporal.io/cli, or: brew install temporal), set TEMPORAL_CLI_PATH to it, or set TEMPORAL_ADDRESS to a server.',
  );
}

/** Downloads and builds are kept here, one folder a version. */
export function binaryCache(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tutelage', 'temporal-cli');
}

function givenBinary(env: NodeJS.ProcessEnv): ServerBinary | null {
  const path = env.TEMPORAL_CLI_PATH;
  if (!path) return null;
  if (!isExecutable(path)) {
    throw new UsageError(`TEMPORAL_CLI_PATH is ${path}, and no program is there`, 'Correct it, or unset it.');
  }
  return { path, source: 'TEMPORAL_CLI_PATH' };
}

function binaryOnPath(env: NodeJS.ProcessEnv): ServerBinary | null {
  const path = onPath(env, EXECUTABLE);
  return path === null ? null : { path, source: 'PATH' };
}

function cachedBinary(env: NodeJS.ProcessEnv): ServerBinary | null {
  const cache = binaryCache(env);
  const versions = existsSync(cache) ? readdirSync(cache).sort().reverse() : [];
  const path = versions.map((version) => join(cache, version, EXECUTABLE)).find(isExecutable);
  return path === undefined ? null : { path, source: 'cache' };
}

/** What an earlier `go install` by hand left. */
async function binaryOfGo(env: NodeJS.ProcessEnv): Promise<ServerBinary | null> {
  const go = onPath(env, process.platform === 'win32' ? 'go.exe' : 'go');
  if (go === null) return null;
  const goPath = (await runQuietly(go, ['env', 'GOPATH'], env)).trim().split(delimiter)[0] ?? '';
  const path = join(goPath, 'bin', EXECUTABLE);
  return goPath !== '' && isExecutable(path) ? { path, source: "Go's bin folder" } : null;
}

async function download({ env, onProgress }: FindOptions): Promise<ServerBinary> {
  const platform = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[process.platform as string];
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  if (platform === undefined || arch === undefined) {
    throw new Error(`there is no download for ${process.platform} on ${process.arch}`);
  }
  const url = `${DOWNLOAD}?platform=${platform}&arch=${arch}`;
  onProgress(`Temporal CLI: downloading from ${url}`);
  const startedAt = Date.now();
  return intoCache(env, async (folder) => {
    const archive = join(folder, platform === 'windows' ? 'archive.zip' : 'archive.tar.gz');
    // Node's own fetch ignores the proxy variables.
    const { EnvHttpProxyAgent, fetch } = await import('undici');
    const dispatcher = new EnvHttpProxyAgent({
      connect: { timeout: CONNECT_TIMEOUT_MS },
      httpsProxy: env.HTTPS_PROXY ?? env.https_proxy ?? '',
      noProxy: env.NO_PROXY ?? env.no_proxy ?? '',
    });
    try {
      const response = await fetch(url, { dispatcher });
      if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
      await pipeline(Readable.fromWeb(response.body), createWriteStream(archive));
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw new Error(`the download failed (${cause instanceof Error ? cause.message : String(cause)})`);
    } finally {
      await dispatcher.close();
    }
    await runQuietly('tar', ['-xf', archive, '-C', folder], env);
    onProgress(`Temporal CLI: downloaded in ${secondsSince(startedAt)} s`);
    return 'download';
  });
}

async function buildWithGo({ env, onProgress }: FindOptions): Promise<ServerBinary> {
  const go = onPath(env, process.platform === 'win32' ? 'go.exe' : 'go');
  if (go === null) throw new Error('Go, to build it with, is not installed');
  const version = (await runQuietly(go, ['env', 'GOVERSION'], env)).trim();
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) === 1 && Number(minor) < 25) throw new Error(`${version} is too old to build it: 1.25 is needed`);
  onProgress(`Temporal CLI: building ${BUILT_VERSION} with ${version}; this takes some minutes, once`);
  const startedAt = Date.now();
  const reminder = setInterval(
    () => onProgress(`Temporal CLI: still building, ${secondsSince(startedAt)} s`),
    REMINDER_MS,
  );
  try {
    return await intoCache(env, async (folder) => {
      const module = `github.com/temporalio/cli/cmd/temporal@v${BUILT_VERSION}`;
      await runQuietly(go, ['install', module], { ...env, GOBIN: folder });
      onProgress(`Temporal CLI: built in ${secondsSince(startedAt)} s`);
      return 'go install';
    });
  } finally {
    clearInterval(reminder);
  }
}

/** Lets a step fill an empty folder, and moves the binary it left into the cache under its version. */
async function intoCache(env: NodeJS.ProcessEnv, fill: (folder: string) => Promise<string>): Promise<ServerBinary> {
  const cache = binaryCache(env);
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, '.new-'));
  try {
    const source = await fill(folder);
    const [, version] = /version (\S+)/.exec(await runQuietly(join(folder, EXECUTABLE), ['--version'], env)) ?? [];
    const home = join(cache, version === undefined || version === '0.0.0-DEV' ? BUILT_VERSION : version);
    await mkdir(home, { recursive: true });
    await rename(join(folder, EXECUTABLE), join(home, EXECUTABLE));
    return { path: join(home, EXECUTABLE), source };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function secondsSince(startedAt: number): string {
  return ((Date.now() - startedAt) / 1000).toFixed(1);
}

function onPath(env: NodeJS.ProcessEnv, program: string): string | null {
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Resolves to stdout; an error carries the end of stderr. */
function runQuietly(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      errors = (errors + data.toString()).slice(-500);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ${args[0]} failed with code ${code}: ${errors.trim()}`));
    });
  });
}
