import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import {
  createClient,
  type DevServer,
  ensureDevServer,
  findDevServer,
  isRunning,
  localServer,
  stopDevServer,
  stopProcess,
} from '../../src/temporal/index.js';
import { serverBinaryPath } from './server-binary.js';
import { tempFolder } from './temp-folder.js';

const folders: string[] = [];
let binary: string;

beforeAll(async () => {
  binary = await serverBinaryPath();
});

// After each test, not after all: the temporary folders, which name the servers, are gone by then.
afterEach(async () => {
  for (const folder of folders.splice(0)) await stopDevServer(folder);
});

function newFolder(): string {
  const folder = join(tempFolder(), '.tutelage');
  folders.push(folder);
  return folder;
}

const ensure = (folder: string) =>
  ensureDevServer({ folder, env: { ...process.env, TEMPORAL_CLI_PATH: binary }, onProgress: () => {} });

const portOf = (server: DevServer) => Number(server.address.split(':')[1]);

describe('the dev server', () => {
  it('answers with our search attributes, and serves its UI', async () => {
    const server = await ensure(newFolder());
    const connection = await Connection.connect({ address: server.address });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    await connection.close();
    expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(['TutelageTask', 'TutelageStage']));
    expect((await fetch(server.uiAddress)).status).toBe(200);
  });

  it('is one for all who ask at once', async () => {
    const folder = newFolder();
    const [one, other] = await Promise.all([ensure(folder), ensure(folder)]);
    expect(other).toEqual(one);
    expect(await findDevServer(folder)).toEqual(one);
  });

  it('is another one in another folder', async () => {
    const [one, other] = await Promise.all([ensure(newFolder()), ensure(newFolder())]);
    expect(other.address).not.toBe(one.address);
    expect(other.process.pid).not.toBe(one.process.pid);
  });

  it('keeps its data and its ports over a stop, and over a kill', async () => {
    const folder = newFolder();
    const first = await ensure(folder);
    const client = await createClient(localServer(first.address), {});
    await client.workflow.start('distillation', { workflowId: 'kept', taskQueue: 'nobody' });
    await client.connection.close();

    expect(await stopDevServer(folder)).toBe(true);
    expect(isRunning(first.process)).toBe(false);
    expect(await stopDevServer(folder)).toBe(false);
    expect(await findDevServer(folder)).toBeNull();

    const second = await ensure(folder);
    expect([second.address, second.uiAddress]).toEqual([first.address, first.uiAddress]);
    process.kill(second.process.pid, 'SIGKILL');
    await stopProcess(second.process, 5_000);

    const third = await ensure(folder);
    expect(third.address).toBe(first.address);
    const again = await createClient(localServer(third.address), {});
    expect((await again.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
    await again.connection.close();
  });

  it('takes other ports when its own were taken meanwhile, and leaves the stranger alone', async () => {
    const folder = newFolder();
    const first = await ensure(folder);
    await stopDevServer(folder);
    const stranger = await listen(portOf(first));
    try {
      const second = await ensure(folder);
      expect(second.address).not.toBe(first.address);
      expect(stranger.listening).toBe(true);
    } finally {
      stranger.close();
    }
  });

  it('is not looked for under a pid that a stranger has got', async () => {
    const folder = newFolder();
    const server = await ensure(folder);
    await stopDevServer(folder);
    const state = JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8')) as object;
    const stranger = { process: { pid: process.pid, started: server.process.started }, binary };
    writeFileSync(join(folder, 'server.json'), JSON.stringify({ ...state, running: stranger }));
    expect(await findDevServer(folder)).toBeNull();
    expect(await stopDevServer(folder)).toBe(false);
  });

  it('does not get the Ctrl-C of the terminal of who started it', async () => {
    const server = await ensure(newFolder());
    const group = (pid: number) =>
      spawnSync('ps', ['-o', 'pgid=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
    expect(group(server.process.pid)).toBe(String(server.process.pid));
    expect(group(server.process.pid)).not.toBe(group(process.pid));
  });

  it('that hangs is an error that tells how to stop it', async () => {
    const folder = newFolder();
    const server = await ensure(folder);
    process.kill(server.process.pid, 'SIGSTOP');
    await expect(findDevServer(folder)).rejects.toMatchObject({
      message: expect.stringContaining(`process ${server.process.pid}) runs and does not answer`),
      mend: expect.stringContaining('tutelage down'),
    });
    process.kill(server.process.pid, 'SIGCONT');
  });

  it('that can’t start is an error that tells where its log is', async () => {
    const folder = newFolder();
    const broken = join(tempFolder(), 'temporal');
    writeFileSync(broken, '#!/bin/sh\necho "Error: no such luck"\nexit 1\n', { mode: 0o755 });
    const options = { folder, env: { ...process.env, TEMPORAL_CLI_PATH: broken }, onProgress: () => {} };
    await expect(ensureDevServer(options)).rejects.toMatchObject({
      message: expect.stringContaining('no such luck'),
      mend: expect.stringContaining(join(folder, 'temporal.log')),
    });
    expect(existsSync(join(folder, 'server.lock'))).toBe(false);
  });
});

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
