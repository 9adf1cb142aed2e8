/** tutelage schedule: distilling again from time to time, by a schedule of the Temporal server. */
import {
  type Client,
  Connection,
  ScheduleAlreadyRunning,
  type ScheduleHandle,
  ScheduleNotFoundError,
} from '@temporalio/client';
import type { Command } from 'commander';
import { nearest, RedistillationInput, redistillationId } from '../contracts/index.js';
import { resolveTask, TaskError } from '../tasks/index.js';
import { type ServerFlags, SetupError } from '../temporal/index.js';
import { checkScheduledRun } from './check-scheduled-run.js';
import { serverArguments, withServerOptions } from './command-options.js';
import {
  createCommand,
  type Interval,
  listSchedules,
  type PlannedSchedule,
  parseInterval,
  startSchedule,
  triggerSchedule,
} from './redistillation-schedule.js';
import { withClient } from './run-client.js';
import { type RunFlags, runInput, withRunOptions } from './run-input.js';
import { textTable } from './text-table.js';

interface CreateFlags extends ServerFlags, RunFlags {
  readonly every?: Interval;
  readonly cron?: string;
  readonly id?: string;
  readonly json?: true;
}

interface ListFlags extends ServerFlags {
  readonly json?: true;
}

export function registerSchedule(program: Command): void {
  const schedule = program.command('schedule').description('distill a task again from time to time');
  registerCreate(schedule);
  registerList(schedule);
  registerAction(schedule, 'pause', 'start no more runs until resume', async (handle) => {
    await handle.pause();
    return 'paused';
  });
  registerAction(schedule, 'resume', 'start runs again', async (handle) => {
    await handle.unpause();
    return 'resumed';
  });
  registerAction(schedule, 'trigger', 'start a run now, beside the planned ones', trigger);
  registerAction(schedule, 'delete', 'remove it; a run that is open goes on', async (handle) => {
    await handle.delete();
    return 'deleted';
  });
}

function registerCreate(schedule: Command): void {
  const command = schedule
    .command('create', { isDefault: true })
    .description('plan runs; the word create may be left out');
  withRunOptions(command)
    .option('--every <time>', 'how often: 12h, 7d, 4w', parseInterval)
    .option('--cron <expression>', 'or when, in UTC: "0 6 * * 1" is Mondays at six')
    .option('--id <id>', 'name of the schedule; default: redistill-TASK')
    .option('--json', 'print one JSON object');
  withServerOptions(command).action((task: string, flags: CreateFlags) => {
    const { every, cron } = flags;
    const refuse = (problem: string): never => command.error(`error: ${problem}`);
    if (every !== undefined && cron === undefined) return create(task, flags, { every }, refuse);
    if (cron !== undefined && every === undefined) return create(task, flags, { cron }, refuse);
    return refuse('give either --every or --cron');
  });
}

function registerList(schedule: Command): void {
  const command = schedule.command('list').description('list the schedules').option('--json', 'print one JSON array');
  withServerOptions(command).action((flags: ListFlags) =>
    withClient(flags, async (client) => {
      const found = await listSchedules(client);
      if (flags.json) return print(JSON.stringify(found));
      if (found.length === 0) return print('there are no schedules');
      const rows = found.map(({ id, paused, next, recent }) => [
        id,
        paused ? 'paused' : 'on',
        next ?? '',
        recent ?? '',
      ]);
      process.stdout.write(textTable(['schedule', 'state', 'next run', 'last run'], rows, () => false));
    }),
  );
}

function registerAction(
  schedule: Command,
  name: string,
  about: string,
  act: (handle: ScheduleHandle) => Promise<string>,
): void {
  const command = schedule.command(name).description(about).argument('<id>');
  withServerOptions(command).action((id: string, flags: ServerFlags) =>
    withClient(flags, async (client) => {
      try {
        print(`${id}: ${await act(client.schedule.getHandle(id))}`);
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
        const ids = (await listSchedules(client)).map((known) => known.id);
        const guess = nearest(id, ids);
        const there = ids.length === 0 ? 'There are none yet.' : `There are: ${ids.join(', ')}.`;
        throw new SetupError(`there is no schedule ${id}`, guess === null ? there : `Did you mean ${guess}? ${there}`);
      }
    }),
  );
}

async function trigger(handle: ScheduleHandle): Promise<string> {
  const { started, openRun, input } = await triggerSchedule(handle);
  const run = await distillationOf(input);
  const watch = run === null ? 'tutelage watch, which names the runs that are open' : `tutelage watch ${run}`;
  if (started !== null) return `${started} is started; see how it goes, once a worker has taken it up, by: ${watch}`;
  if (openRun === null) return `a run is asked for; see how it goes by: ${watch}`;
  return `a run is started when ${openRun} has ended; see how far that is by: ${watch}`;
}

/** The workflow that a run of the schedule distills in, by the task's name; null: its task file is not on this machine. */
async function distillationOf(input: unknown): Promise<string | null> {
  const { data } = RedistillationInput.safeParse(input);
  if (data === undefined) return null;
  const readStored = () => Promise.reject(new TaskError('the command line takes no store: paths for a task'));
  try {
    const { task } = await resolveTask({ task: data.task, set: data.set, cwd: process.cwd(), readStored });
    return redistillationId(task.name);
  } catch (error) {
    if (error instanceof TaskError) return null;
    throw error;
  }
}

async function create(
  task: string,
  flags: CreateFlags,
  spec: PlannedSchedule['spec'],
  refuse: (problem: string) => never,
): Promise<void> {
  const run = await runInput(task, flags, 'file');
  const { sent: input, task: resolved } = run;
  for (const path of await checkScheduledRun(run)) {
    process.stderr.write(`${path} is not on this machine now; the workers must see it when a run starts\n`);
  }
  const planned = { id: flags.id ?? `redistill-${resolved.name}`, spec, input };
  const { next, command } = await withClient(flags, async (client) => {
    const next = await startSchedule(client, planned);
    return { next, command: createCommand(planned, serverArguments({ ...flags, ...addressOf(client) })) };
  }).catch((error: unknown) => {
    if (error instanceof ScheduleAlreadyRunning) {
      throw new SetupError(
        `there is a schedule ${planned.id} already`,
        `Remove it with: tutelage schedule delete ${planned.id}, or choose another --id.`,
      );
    }
    // What the SDK makes of a specification that the server can't read.
    if ('cron' in spec && error instanceof TypeError) {
      return refuse(`--cron "${spec.cron}": ${error.message}; write minute, hour, day, month, weekday: "0 6 * * 1"`);
    }
    throw error;
  });
  if (flags.json) return print(JSON.stringify({ id: planned.id, next, input, command }));
  print(`schedule ${planned.id} created; next run ${next ?? 'never'}`);
  print(`\nThe same with the Temporal CLI:\n\n${command}`);
}

/** Written out, because the Temporal CLI doesn't know the address of a server that `tutelage up` started. */
function addressOf(client: Client): ServerFlags {
  if (!(client.connection instanceof Connection)) return {};
  return { address: client.connection.options.address, namespace: client.options.namespace };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
