/** A real S3 server for tests: versitygw on a free port, serving a temporary folder. Each folder in it is a bucket. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface S3Server {
  /** What a process needs to use it. */
  readonly env: Record<string, string>;
  /** Makes a bucket and returns its name. */
  makeBucket(): string;
  /** The bucket's folder on this machine. */
  folderOf(bucket: string): string;
  /** SIGSTOP and SIGCONT: it is out of reach meanwhile. */
  suspend(): void;
  resume(): void;
  stop(): Promise<void>;
}

const { findVersitygw } = jest.requireActual<{
  findVersitygw: (env: NodeJS.ProcessEnv, options: { install: boolean }) => string | null;
}>('../../scripts/versitygw.js');

const KEY = 'tutelage-test-key';
const SECRET = 'tutelage-test-secret';

const program = findVersitygw(process.env, { install: false });
if (program === null) {
  console.warn(
    'skipped: there is no S3 server. `npm test` builds versitygw where Go is installed; or set VERSITYGW_PATH.',
  );
}

/** describe, or describe.skip where there is no server. */
export const describeWithS3 = program === null ? describe.skip : describe;

/** For a describeWithS3: a server for its tests, with what the SDK needs to use it in this process's environment. */
export function useS3Server(): () => S3Server {
  let server: S3Server | null = null;
  const saved = { ...process.env };
  beforeAll(async () => {
    server = await startS3Server();
    // The SDK looks for its keys there, and nowhere else.
    Object.assign(process.env, server.env, { AWS_EC2_METADATA_DISABLED: 'true' });
  });
  afterAll(async () => {
    process.env = saved;
    await server?.stop();
  });
  return () => {
    if (server === null) throw new Error('the S3 server is there once the tests run');
    return server;
  };
}

export async function startS3Server(): Promise<S3Server> {
  if (program === null) throw new Error('there is no S3 server: use describeWithS3');
  const root = mkdtempSync(join(tmpdir(), 'tutelage-s3-'));
  const [served, marks] = ['buckets', 'marks'].map((name) => join(root, name)) as [string, string];
  for (const folder of [served, marks]) mkdirSync(folder);
  // Another process may take the port meanwhile.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const child = spawn(
      program,
      // Marks in files: not every temporary folder knows extended attributes.
      ['--port', `127.0.0.1:${port}`, '--keep-alive', '--quiet', 'posix', '--sidecar', marks, served],
      { stdio: 'ignore', env: { ...process.env, ROOT_ACCESS_KEY_ID: KEY, ROOT_SECRET_ACCESS_KEY: SECRET } },
    );
    const url = `http://127.0.0.1:${port}`;
    if (await answers(child, url)) return serverOf(child, url, root, served);
    if (attempt === 3) throw new Error('versitygw ended before it answered');
  }
}

function serverOf(child: ChildProcess, url: string, root: string, served: string): S3Server {
  let buckets = 0;
  return {
    env: { AWS_ENDPOINT_URL: url, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: SECRET },
    makeBucket: () => {
      const name = `bucket-${++buckets}`;
      mkdirSync(join(served, name));
      return name;
    },
    folderOf: (bucket) => join(served, bucket),
    suspend: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await ended;
      rmSync(root, { recursive: true, force: true });
    },
  };
}

async function answers(child: ChildProcess, url: string): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null) {
    if ((await fetch(url).catch(() => null)) !== null) return true;
    await sleep(20);
  }
  return false;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
