import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { touchUpState, type UpState } from '../../src/cli/up-state.js';
import { createClient, isRunning, localServer } from '../../src/temporal/index.js';
import {
  cleanUp,
  newFolder,
  readState,
  run,
  serverProcess,
  start,
  until,
  workerProcesses,
} from './tutelage-process.js';

const ROLES = ['orchestrator', 'student', 'teacher'];

afterAll(cleanUp);

const upState = (folder: string) => readState<UpState>(folder, 'up.json');

describe('tutelage up', () => {
  it('starts a server and a worker a role, once in a folder, and stops the workers before the server on Ctrl-C', async () => {
    const folder = newFolder();
    const [first, second] = [await start(folder, ['up']), await start(folder, ['up'])];
    await Promise.race([first.ended, second.ended]);
    const [up, gaveWay] = first.child.exitCode === null ? [first, second] : [second, first];
    const { uiAddress, address } = upState(folder);
    const shown = await gaveWay.ended;
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(new RegExp(`^already running \\(process ${up.child.pid}\\)\nweb UI `));
    expect(shown.stdout).toContain(address);

    await up.says(/next /);
    expect(up.output).toContain(`server     ${address}\n`);
    expect(up.output).toContain(
      `${uiAddress}/namespaces/default/workflows/start-workflow?taskQueue=tutelage&workflowType=distillation`,
    );
    const other = await run(folder, ['up', '--store', 'other']);
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(
      /^tutelage: tutelage up runs here already, with the store .*\n {2}Stop it first: tutelage down\n$/,
    );
    const workers = workerProcesses(folder);
    const server = serverProcess(folder);
    expect(Object.keys(workers).sort()).toEqual(ROLES);

    up.pressCtrlC();
    const { code, stderr } = await up.ended;
    expect(code).toBe(0);
    expect(stderr).toMatch(/stopping the workers.*\nstopping the Temporal server\nstopped\n$/);
    expect([server, ...Object.values(workers)].filter(isRunning)).toEqual([]);
  });

  it('starts a killed worker again and leaves the others alone, and a killed server, under its address', async () => {
    const folder = newFolder();
    const up = await start(folder, ['up']);
    await up.says(/next /);
    const before = workerProcesses(folder);
    process.kill(before.teacher?.pid ?? 0, 'SIGKILL');
    await up.says(/teacher worker ended \(SIGKILL\); started again in 0.5 s/);
    await until(() => Object.keys(workerProcesses(folder)).length === 3);
    const after = workerProcesses(folder);
    expect(after.teacher?.pid).not.toBe(before.teacher?.pid);
    expect([after.orchestrator, after.student]).toEqual([before.orchestrator, before.student]);

    const { address } = upState(folder);
    const server = serverProcess(folder);
    process.kill(server.pid, 'SIGKILL');
    await up.says(/the Temporal server has died; it is started again/);
    await until(() => serverProcess(folder).pid !== server.pid);
    const client = await createClient(localServer(address), {});
    await client.connection.close();
    up.pressCtrlC();
    expect((await up.ended).code).toBe(0);
  });

  it('takes over the server that a killed one left, whose workers end by themselves', async () => {
    const folder = newFolder();
    const killed = await start(folder, ['up']);
    await killed.says(/next /);
    const workers = Object.values(workerProcesses(folder));
    const server = serverProcess(folder);
    killed.child.kill('SIGKILL');
    await killed.ended;
    await until(() => !workers.some(isRunning));
    expect(isRunning(server)).toBe(true);

    const again = await start(folder, ['up']);
    await again.says(/next /);
    expect(serverProcess(folder)).toEqual(server);
    expect(await run(folder, ['down'])).toMatchObject({ code: 0, stdout: 'stopped\n' });
    expect((await again.ended).code).toBe(0);
    expect(isRunning(server)).toBe(false);
    expect(await run(folder, ['down'])).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing runs') });
  });

  it('stops by itself when it is idle, and not while a run is open or commands use it', async () => {
    const folder = newFolder();
    const up = await start(folder, ['up', '--roles', 'teacher', '--idle-exit', '0.05']);
    await up.says(/next /);
    const client = await createClient(localServer(upState(folder).address), {});
    await client.workflow.start('nobodysWorkflow', { taskQueue: 'tutelage', workflowId: 'open' });
    expect(await Promise.race([up.ended, sleep(6_000, 'still running')])).toBe('still running');
    touchUpState(join(folder, '.tutelage'));
    await client.workflow.getHandle('open').terminate();
    await client.connection.close();
    for (let second = 0; second < 5; second++) {
      touchUpState(join(folder, '.tutelage'));
      await sleep(1_000);
    }
    expect(up.child.exitCode).toBeNull();
    const { code, stderr } = await up.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('nothing has run for a while');
  });
});

describe('tutelage up --background', () => {
  it('goes on after the command, is started once, and again when a key has changed', async () => {
    const folder = newFolder();
    const first = await run(folder, ['up', '--background'], { HF_TOKEN: 'hf_one' });
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^web UI /) });
    expect(first.stderr).toContain('starting server and workers in the background');
    const { process: background, environment } = upState(folder);
    expect(isRunning(background)).toBe(true);
    expect(Object.keys(environment.variables)).toContain('HF_TOKEN');
    expect(JSON.stringify(upState(folder))).not.toContain('hf_one');

    const second = await run(folder, ['up', '--background'], { HF_TOKEN: 'hf_one' });
    expect(second.stdout).toContain(`already running (process ${background.pid})`);

    const other = await run(folder, ['up', '--background'], { HF_TOKEN: 'hf_two' });
    expect(other.stderr).toContain('the workers are started again, for this has changed: HF_TOKEN\n');
    expect(isRunning(background)).toBe(false);
    expect(isRunning(upState(folder).process)).toBe(true);
    await run(folder, ['down']);
    expect(isRunning(upState(folder).process)).toBe(false);
  });
});

describe('tutelage up with a configured server', () => {
  it('starts the workers that are missing there, and leaves the server running', async () => {
    const owner = newFolder();
    const server = await start(owner, ['up', '--roles', 'teacher']);
    await server.says(/next /);
    const { address } = upState(owner);

    const folder = newFolder();
    const guest = await start(folder, ['up'], { TEMPORAL_ADDRESS: address });
    await guest.says(/next /);
    expect(guest.output).toContain('1 worker(s) poll tutelage-teacher already: none is started here for teacher');
    expect(Object.keys(workerProcesses(folder)).sort()).toEqual(['orchestrator', 'student']);
    guest.pressCtrlC();
    expect(await guest.ended).toMatchObject({ code: 0, stderr: expect.not.stringContaining('Temporal server') });
    expect(isRunning(serverProcess(owner))).toBe(true);
    server.pressCtrlC();
    await server.ended;
  });
});
