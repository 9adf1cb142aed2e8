/** tutelage schedule, on a real server: what it makes is what the Temporal CLI's command makes, and can be handled by id. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Client, ScheduleOverlapPolicy } from '@temporalio/client';
import { registerSchedule } from '../../src/cli/schedule.js';
import { FailureType } from '../../src/contracts/index.js';
import { createClient, type DevServer, ensureDevServer, localServer, stopDevServer } from '../../src/temporal/index.js';
import { runCommand } from './run-command.js';

const YAML =
  'name: tone\nkind: text-classification\nlabels: [{name: good}, {name: bad}]\nteacher: {url: "http://127.0.0.1:9/v1", model: small}\n';

const TWICE = {
  teachers: 'teachers={other: {url: "http://127.0.0.1:10/v1", model: small}}',
  plan: 'votes.plan=[{prompt: direct}, {prompt: direct, teacher: other}]',
};

let folder: string;
let server: DevServer;
let client: Client;
const startedIn = process.cwd();
const configuredAddress = process.env.TEMPORAL_ADDRESS;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'schedule-'));
  mkdirSync(join(folder, 'config', 'tasks'), { recursive: true });
  writeFileSync(join(folder, 'config', 'tasks', 'tone.yaml'), YAML);
  writeFileSync(join(folder, 'texts.jsonl'), '{"text": "Orders rose."}\n');
  writeFileSync(join(folder, 'broken.mjs'), 'export default (');
  server = await ensureDevServer({ folder: join(folder, '.tutelage'), env: process.env, onProgress: () => {} });
  client = await createClient(localServer(server.address), process.env);
  process.chdir(folder);
  process.env.TEMPORAL_ADDRESS = server.address;
});
afterAll(async () => {
  process.chdir(startedIn);
  if (configuredAddress === undefined) delete process.env.TEMPORAL_ADDRESS;
  else process.env.TEMPORAL_ADDRESS = configuredAddress;
  await client?.connection.close();
  await stopDevServer(join(folder, '.tutelage'));
  rmSync(folder, { recursive: true });
});
afterEach(async () => {
  for await (const { scheduleId } of client.schedule.list()) await client.schedule.getHandle(scheduleId).delete();
});

async function schedule(...args: string[]): Promise<string> {
  return (await runCommand(registerSchedule, ['schedule', ...args])).stdout;
}

/** The list is brought up to date a moment after a change. */
async function listUntil(count: number): Promise<{ id: string; paused: boolean }[]> {
  for (;;) {
    const found = JSON.parse(await schedule('list', '--json'));
    if (found.length === count) return found;
  }
}

describe('schedule', () => {
  it('plans redistillations with absolute paths, no overlap, and a day to catch up', async () => {
    const stdout = await schedule(
      'tone',
      '--corpus',
      'texts.jsonl',
      '--gold',
      'gold.csv',
      '--every',
      '7d',
      '--set',
      'seed=7',
    );
    expect(stdout).toMatch(/^schedule redistill-tone created; next run \d{4}-/);
    const { action, policies, spec } = await client.schedule.getHandle('redistill-tone').describe();
    expect(spec.intervals).toMatchObject([{ every: 7 * 24 * 3_600_000 }]);
    expect(policies).toMatchObject({ overlap: ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: 24 * 3_600_000 });
    expect(action).toMatchObject({
      workflowType: 'redistillation',
      taskQueue: 'tutelage',
      workflowId: 'redistill-tone',
    });
    expect(action.args).toEqual([
      {
        task: join(process.cwd(), 'config', 'tasks', 'tone.yaml'),
        set: { seed: 7 },
        corpus: { path: join(process.cwd(), 'texts.jsonl') },
        gold: { path: join(process.cwd(), 'gold.csv') },
      },
    ]);
  });

  it('prints a command of the Temporal CLI that makes the same schedule', async () => {
    const flags = ['tone', '--corpus', 'texts.jsonl', '--cron', '0 6 * * 1', '--approve-as', "O'Hara", '--json'];
    const { command } = JSON.parse(await schedule(...flags));
    const ours = await client.schedule.getHandle('redistill-tone').describe();
    await client.schedule.getHandle('redistill-tone').delete();
    const env = { ...process.env, TEMPORAL_ADDRESS: '', PATH: `${dirname(server.binary)}:${process.env.PATH}` };
    execFileSync('sh', ['-c', command], { env, stdio: 'pipe' });
    const theirs = await client.schedule.getHandle('redistill-tone').describe();
    const { workflowType, workflowId, taskQueue, args: input } = ours.action;
    expect(theirs.action).toMatchObject({ workflowType, workflowId, taskQueue, args: input });
    expect(input).toMatchObject([{ approveAs: "O'Hara" }]);
    expect(theirs.policies).toEqual(ours.policies);
    expect(theirs.spec.calendars).toEqual(ours.spec.calendars);
  });

  it('lists, pauses, resumes, triggers and deletes by id', async () => {
    const unpaused = () => expect.objectContaining({ id: 'weekly', paused: false, next: expect.any(String) });
    await schedule('create', 'tone', '--corpus', 'texts.jsonl', '--every', '1w', '--id', 'weekly');
    expect(await listUntil(1)).toEqual([unpaused()]);
    const handle = client.schedule.getHandle('weekly');
    expect(await schedule('pause', 'weekly')).toBe('weekly: paused\n');
    expect((await handle.describe()).state.paused).toBe(true);
    await schedule('resume', 'weekly');
    expect((await handle.describe()).state.paused).toBe(false);
    const started = /^weekly: (weekly-\S+) is started; .* by: tutelage watch redistillation\.tone\n$/;
    const [, workflowId] = started.exec(await schedule('trigger', 'weekly')) ?? [];
    expect((await handle.describe()).info.recentActions.at(-1)?.action.workflow.workflowId).toBe(workflowId);
    expect(await schedule('trigger', 'weekly')).toBe(
      `weekly: a run is started when ${workflowId} has ended; see how far that is by: tutelage watch redistillation.tone\n`,
    );
    await client.workflow.getHandle(workflowId!).terminate();
    await schedule('delete', 'weekly');
    await expect(handle.describe()).rejects.toThrow('not found');
  });

  it('refuses a second schedule of the same id and says how to get rid of the first', async () => {
    await schedule('tone', '--corpus', 'texts.jsonl', '--every', '7d');
    await expect(schedule('tone', '--corpus', 'texts.jsonl', '--every', '1d')).rejects.toMatchObject({
      message: 'there is a schedule redistill-tone already',
      mend: expect.stringContaining('tutelage schedule delete redistill-tone'),
    });
  });

  it('names the schedules there are for an id that is not one of them', async () => {
    await schedule('tone', '--corpus', 'texts.jsonl', '--every', '7d');
    await listUntil(1);
    await expect(schedule('pause', 'redistil-tone')).rejects.toMatchObject({
      message: 'there is no schedule redistil-tone',
      mend: 'Did you mean redistill-tone? There are: redistill-tone.',
    });
  });

  it.each([
    ['neither --every nor --cron', []],
    ['both', ['--every', '7d', '--cron', '0 6 * * 1']],
    ['an interval without a unit', ['--every', '7']],
    ['an interval of nothing', ['--every', '0d']],
  ])('refuses %s and makes nothing', async (_what, args) => {
    await expect(schedule('tone', '--corpus', 'texts.jsonl', ...args)).rejects.toMatchObject({
      name: 'CommanderError',
    });
    expect(await listUntil(0)).toEqual([]);
  });

  it('names the cron expression that the server can not read', async () => {
    const refusal = await schedule('tone', '--corpus', 'texts.jsonl', '--cron', 'mondays').catch((error) => error);
    expect(refusal).toMatchObject({
      name: 'CommanderError',
      printed: { stderr: expect.stringMatching(/--cron "mondays"/) },
    });
  });

  it.each([
    ['a task that is not right', ['votes.stop=never'], /votes\.stop/],
    ['dollars without a price', ['budget.usd=5'], /^budget\.usd: 5 dollars can't be kept, since the price of small/],
    ['terms that are not accepted', ['teacher.url="https://api.openai.com/v1"'], /^teacher\.acceptTermsOf: is not set/],
    [
      'teachers that are one',
      [TWICE.teachers, TWICE.plan],
      /^teachers\.other\.model: small is also the model of teacher/,
    ],
    ['an encoder that is none', ['student={kind: frozen, encoder: .}'], /has no config\.json/],
    ['a column that the rows have not', ['text="{title}"'], /title/],
    ['a module that can not be loaded', ['redact=[{module: broken.mjs}]'], /^redact\.0\.module.*can't be loaded/],
  ])('refuses %s, as a run would, before anything is planned', async (_what, sets, problem) => {
    const set = sets.flatMap((each) => ['--set', each]);
    await expect(schedule('tone', '--corpus', 'texts.jsonl', '--every', '7d', ...set)).rejects.toMatchObject({
      message: expect.stringMatching(problem),
      type: FailureType.InvalidInput,
    });
    expect(await listUntil(0)).toEqual([]);
  });

  it('refuses a teacher that no endpoint can be asked with', async () => {
    const refused = schedule('tone', '--corpus', 'texts.jsonl', '--every', '7d', '--set', 'teacher.extraBody={n: 2}');
    await expect(refused).rejects.toMatchObject({
      message: "teacher.extraBody.n can't be set there.",
      type: FailureType.TeacherRefused,
    });
  });

  it('plans runs on files that only the workers see, and names them', async () => {
    const set = ['--set', 'examplesFrom={path: shown.csv}'];
    const args = ['tone', '--corpus', 'later-*.csv', '--gold', 'gold.csv', '--every', '7d', ...set];
    const { stderr } = await runCommand(registerSchedule, ['schedule', ...args]);
    expect(stderr.match(/^.*(?= is not on this machine now)/gm)).toEqual([
      '--gold gold.csv',
      `examplesFrom.path ${join(process.cwd(), 'shown.csv')}`,
      `--corpus ${join(process.cwd(), 'later-*.csv')}`,
    ]);
  });
});
