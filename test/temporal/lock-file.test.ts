import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  isRunning,
  lockHolder,
  markProcess,
  type ProcessMark,
  stopProcess,
  tryLock,
  waitForLock,
} from '../../src/temporal/index.js';
import { tempFolder } from './temp-folder.js';

const children: ChildProcess[] = [];

async function startProcess(script: string): Promise<ProcessMark> {
  const child = spawn(process.execPath, ['-e', `${script}; process.stdout.write('started')`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return markProcess(child.pid ?? 0) as ProcessMark;
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('a process mark', () => {
  it('tells a process that runs from one that was killed', async () => {
    const mark = await startProcess('setInterval(() => {}, 1000)');
    expect(isRunning(mark)).toBe(true);
    await stopProcess(mark, 1_000);
    expect(isRunning(mark)).toBe(false);
  });

  it('does not take a stranger with the same pid for the process', () => {
    const mark = markProcess(process.pid) as ProcessMark;
    expect(isRunning(mark)).toBe(true);
    expect(isRunning({ ...mark, started: 'another time' })).toBe(process.platform === 'win32');
  });

  it('stops a process that ignores SIGTERM', async () => {
    const mark = await startProcess("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)");
    await stopProcess(mark, 200);
    expect(isRunning(mark)).toBe(false);
  });
});

describe('the lock', () => {
  it('is held by one at a time, and free again after its release', () => {
    const path = join(tempFolder(), 'a.lock');
    const lock = tryLock(path);
    expect(lock).not.toBeNull();
    expect(tryLock(path)).toBeNull();
    expect(lockHolder(path)?.pid).toBe(process.pid);
    lock?.release();
    expect(lockHolder(path)).toBeNull();
    expect(tryLock(path)).not.toBeNull();
  });

  it('is taken over from a holder that died, and leaves nothing else behind', async () => {
    const folder = tempFolder();
    const path = join(folder, 'a.lock');
    const mark = await startProcess('setInterval(() => {}, 1000)');
    writeFileSync(path, JSON.stringify(mark));
    expect(tryLock(path)).toBeNull();
    await stopProcess(mark, 1_000);
    expect(tryLock(path)).not.toBeNull();
    expect((JSON.parse(readFileSync(path, 'utf8')) as ProcessMark).pid).toBe(process.pid);
    expect(readdirSync(folder)).toEqual(['a.lock']);
  });

  it('is taken over when its file is torn', () => {
    const path = join(tempFolder(), 'a.lock');
    writeFileSync(path, '{"pid": 1');
    expect(tryLock(path)).not.toBeNull();
  });

  it('is waited for, and the wait ends with the name of its holder', async () => {
    const path = join(tempFolder(), 'a.lock');
    const lock = tryLock(path);
    setTimeout(() => lock?.release(), 150);
    await waitForLock(path, 5_000);
    await expect(waitForLock(path, 150)).rejects.toThrow(`process ${process.pid} has held`);
  });
});
