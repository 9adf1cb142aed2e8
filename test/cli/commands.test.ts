import { existsSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { HealthCheck } from '../../src/cli/health-checks.js';
import { demoReplies } from '../support/demo-data.js';
import { cleanUp, newFolder, readState, run, start } from './tutelage-process.js';

afterAll(cleanUp);

interface Report {
  readonly canRun: boolean;
  readonly checks: HealthCheck[];
}

async function doctor(folder: string, extra: Record<string, string> = {}) {
  const { code, stdout } = await run(folder, ['doctor', '--json'], extra);
  const { canRun, checks } = JSON.parse(stdout) as Report;
  return { code, canRun, stdout, ...Object.fromEntries(checks.map((check) => [check.name, check])) } as {
    code: number;
    canRun: boolean;
    stdout: string;
  } & Record<string, HealthCheck>;
}

describe('tutelage', () => {
  it('names its version', async () => {
    expect(await run(newFolder(), ['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });

  it('ends with code 2 for an option that it does not have, and says which was meant', async () => {
    const { code, stderr } = await run(newFolder(), ['up', '--metrisc', '127.0.0.1:1']);
    expect(code).toBe(2);
    expect(stderr).toContain("unknown option '--metrisc'");
    expect(stderr).toContain('Did you mean --metrics?');
  });

  it('ends without a word when nobody reads its output any more', async () => {
    const schema = await start(newFolder(), ['task', 'schema']);
    schema.child.stdout?.destroy();
    expect(await schema.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('names the port that another program listens on', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await run(newFolder(), ['teacher', '--replies', demoReplies, '--port', String(port)]);
    other.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`another program listens on port ${port} already; name another one with --port`);
  });

  it.each([
    [['teacher', '--replies', 'nowhere.jsonl'], '--replies nowhere.jsonl: there is no such file'],
    [['teacher', '--replies', demoReplies, '--latency', 'slow'], 'It must be a number, 0 or more.'],
    [['teacher', '--replies', demoReplies, '--jitter', '3'], 'It must be a number from 0 to 1.'],
    [['up', '--metrics', '9464'], 'host:port'],
    [['up', '--idle-exit', '0'], 'above 0'],
    [['worker', '--role', 'janitor'], 'Allowed choices are orchestrator, teacher, student, all'],
    [['up', '--background', '--metrics', '127.0.0.1:9464'], 'cannot be used with'],
    [['watch', '--namespace', 'mine'], 'a Temporal namespace or API key is given, but no address'],
    [['budget', 'a-run', '--as', 'ana'], 'nothing is added to the budget'],
    [['revise', 'a-run', '--as', 'ana', '--guideline', 'nowhere.txt', '--doubted'], "nowhere.txt can't be read"],
    [['review', 'export', 'a-run'], 'the labels need one place to go to'],
    [['models', '--store', 'nowhere'], 'there is no store at'],
  ])('ends with code 2 for %j', async (args, message) => {
    const { code, stderr } = await run(newFolder(), args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('shows one line and the mend for an error, and the stack only when asked', async () => {
    const folder = newFolder();
    const short = await run(folder, ['worker']);
    expect(short).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'tutelage: no Temporal server is named, and none runs for this folder\n' +
        '  Give --address or TEMPORAL_ADDRESS, or start a local server with: tutelage up\n',
    });
    const long = await run(folder, ['worker'], { TUTELAGE_DEBUG: '1' });
    expect(long.stderr).toContain(short.stderr);
    expect(long.stderr).toMatch(/\n\s+at /);
  });
});

describe('tutelage up', () => {
  it('ends with code 1 for a store that can’t be made, and starts nothing', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'file'), '');
    const { code, stderr } = await run(folder, ['up', '--store', 'file/store']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^tutelage: the store .*file\/store can't be made \(ENOTDIR\)\n {2}Make the folder/);
    expect(existsSync(join(folder, '.tutelage', 'server.json'))).toBe(false);
  });
});

describe('tutelage doctor', () => {
  it('finds that a run can start here, and changes nothing', async () => {
    const folder = newFolder();
    const report = await doctor(folder);
    expect(report).toMatchObject({ code: 0, canRun: true });
    for (const name of ['node', 'onnxruntime', 'temporal SDK', 'temporal CLI', 'store', 'disk']) {
      expect(report[name]?.status).toBe('ok');
    }
    expect(report.server).toMatchObject({ status: 'warn', mend: 'Start one with: tutelage up' });
    expect(existsSync(join(folder, '.tutelage'))).toBe(false);
  });

  it('does not take a file for a folder that can hold a store', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'file'), '');
    const report = await doctor(folder, { TUTELAGE_STORE: 'file/store' });
    expect(report).toMatchObject({ code: 1, canRun: false });
    expect(report.store).toMatchObject({ status: 'missing', detail: `${join(folder, 'file')} is not a folder` });
  });

  it('says that a token is there, and never its value', async () => {
    expect((await doctor(newFolder())).HF_TOKEN).toMatchObject({ status: 'warn', detail: 'not set' });
    const report = await doctor(newFolder(), { HF_TOKEN: 'hf_secretsecret' });
    expect(report.HF_TOKEN).toMatchObject({ status: 'ok', detail: 'set' });
    expect(report.stdout).not.toContain('secretsecret');
  });

  it('ends with code 1 for a payload key that is none', async () => {
    const report = await doctor(newFolder(), { TUTELAGE_PAYLOAD_KEY: 'short' });
    expect(report).toMatchObject({ code: 1, canRun: false });
    expect(report['payload key']).toMatchObject({ status: 'missing', mend: expect.stringContaining('openssl rand') });
  });

  it('ends with code 1 when the configured server does not answer', async () => {
    const report = await doctor(newFolder(), { TEMPORAL_ADDRESS: '127.0.0.1:9' });
    expect(report).toMatchObject({ code: 1, canRun: false });
    expect(report.server).toMatchObject({ status: 'missing', detail: 'no Temporal server answers at 127.0.0.1:9' });
  });

  it('counts the workers of each queue', async () => {
    const folder = newFolder();
    const up = await start(folder, ['up', '--roles', 'teacher', 'student']);
    await up.says(/next /);
    expect((await doctor(folder)).server).toMatchObject({
      status: 'warn',
      detail: expect.stringMatching(/answers; workers: tutelage 0, tutelage-teacher 1, tutelage-student 1$/),
      mend: 'Start workers with: tutelage up',
    });
    up.pressCtrlC();
    await up.ended;
  });
});

describe('tutelage worker', () => {
  it('logs JSON, serves metrics, drains on the first signal and ends with code 0', async () => {
    const folder = newFolder();
    const up = await start(folder, ['up', '--roles', 'teacher']);
    await up.says(/next /);
    const metrics = `127.0.0.1:${await unusedPort()}`;
    const worker = await start(folder, ['worker', '--role', 'all', '--metrics', metrics]);
    await worker.says(/"taskQueue":"tutelage-student","state":"RUNNING"/);
    expect(await (await fetch(`http://${metrics}/metrics`)).text()).toContain('temporal_');
    const taken = await run(folder, ['worker', '--role', 'student', '--metrics', metrics]);
    expect(taken.code).toBe(1);
    expect(taken.stderr).toMatch(new RegExp(`^tutelage: --metrics ${metrics}: .*\\n {2}Give another address`));
    const { address } = readState<{ address: string }>(folder, 'up.json');
    const nowhere = await run(folder, ['watch', '--address', address, '--namespace', 'nowhere']);
    expect(nowhere.stderr).toMatch(/^tutelage: the server has no namespace nowhere; name another one with --namespace/);
    worker.pressCtrlC();
    const { code, stderr } = await worker.ended;
    expect(code).toBe(0);
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { state?: string });
    expect(lines.filter(({ state }) => state === 'DRAINED')).toHaveLength(3);
    up.pressCtrlC();
    await up.ended;
  });
});

function unusedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
