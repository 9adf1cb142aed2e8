/** tutelage plan: what a run would ask, cost and take, before anything is spent. */
import type { Command } from 'commander';
import pc from 'picocolors';
import type { DistillationInput, Task } from '../contracts/index.js';
import { hubSettings } from '../hub/index.js';
import { type Figure, planFigures, type Survey, type TeacherBasis, tokenRate } from '../planning/index.js';
import { TaskError } from '../tasks/index.js';
import { activeParametersOf, priceOf, teacherHost, teacherSettings, termsOf } from '../teachers/index.js';
import { configuredServer, type ServerFlags } from '../temporal/index.js';
import { currentStateFolder, storeLocation, withServerOptions } from './command-options.js';
import { wholeNumber } from './option-values.js';
import { pastRuns } from './past-run.js';
import { runPilot } from './pilot.js';
import { requireTrainable } from './require-trainable.js';
import { type RunFlags, runInput, withRunOptions } from './run-input.js';
import { hostsOf, surveyOf } from './start-run.js';
import { textTable } from './text-table.js';
import { readUpState } from './up-state.js';

interface Flags extends ServerFlags, RunFlags {
  readonly pilot?: number;
  readonly yes?: true;
  readonly json?: true;
}

/** What `--json` prints. */
interface Plan {
  readonly task: string;
  /** The hosts that would get the texts. */
  readonly hosts: string[];
  readonly teachers: readonly {
    readonly name: string;
    readonly model: string | null;
    readonly host: string;
    /** What the licence says about training on the answers. */
    readonly terms: string;
  }[];
  /** Texts of which the teacher would see placeholders. */
  readonly redactedTexts: number;
  readonly figures: Figure[];
  /** What could not be looked at from here. */
  readonly notes: readonly string[];
}

export function registerPlan(program: Command): void {
  const command = program
    .command('plan')
    .description('tell what a run would ask, cost and take, before anything is spent');
  withRunOptions(command)
    .option(
      '--pilot <n>',
      'label so many texts first and measure on them; the run does not pay for them again',
      wholeNumber,
    )
    .option('--yes', 'do not ask before the calls of the pilot')
    .option('--json', 'print the plan as one JSON object');
  withServerOptions(command).action(plan);
}

async function plan(taskName: string, flags: Flags): Promise<void> {
  const run = await runInput(taskName, flags, 'content');
  if (run.missing.length > 0) throw new TaskError(`${run.missing.join(', ')}: there is no such file`);
  const { input, task } = run;
  const notes = input.until === 'vote' ? [] : await requireTrainable(task, trainsHere(flags));
  let survey = await surveyOf(task, input);
  if (flags.pilot !== undefined && (await runPilot(run, flags.pilot, survey, flags))) {
    survey = await surveyOf(task, input);
  }
  const planned = { ...(await describePlan(task, input, survey)), notes };
  process.stdout.write(flags.json ? `${JSON.stringify(planned)}\n` : inWords(planned));
}

/** Whether the run would go to the folder's own server, whose workers are on this machine. */
function trainsHere(flags: ServerFlags): boolean {
  const up = readUpState(currentStateFolder());
  return configuredServer(process.env, flags) === null && (up === null || up.uiAddress !== null);
}

async function describePlan(task: Task, input: DistillationInput, survey: Survey): Promise<Omit<Plan, 'notes'>> {
  const bases: TeacherBasis[] = [];
  const teachers = [];
  for (const ofTeacher of survey.teachers) {
    const { name } = ofTeacher;
    const settings = teacherSettings(task, name);
    bases.push({
      settings,
      survey: ofTeacher,
      tokenRate: await tokenRate(ofTeacher, settings.model, hubSettings(process.env)),
      price: await priceOf(settings),
      activeParameters: await activeParametersOf(settings),
    });
    const { summary: terms } = await termsOf(settings);
    teachers.push({ name, model: settings.model, host: teacherHost(settings), terms });
  }
  const trainSeconds = await trainSecondsPerText(task, storeLocation(input.store ?? undefined));
  return {
    task: task.name,
    hosts: hostsOf(task),
    teachers,
    redactedTexts: survey.counts.redacted,
    figures: planFigures({ task, survey, teachers: bases, trainSecondsPerText: trainSeconds }),
  };
}

/** Of the last run in the store that trained the same kind of student; null: there was none. */
async function trainSecondsPerText({ student }: Task, store: string): Promise<number | null> {
  let last: { at: string; seconds: number } | null = null;
  for await (const { endedAt, result } of pastRuns(store)) {
    const { labelled } = result.annotation;
    if (result.student?.kind !== student.kind || labelled === 0 || (last !== null && endedAt < last.at)) continue;
    last = { at: endedAt, seconds: result.student.trainSeconds / labelled };
  }
  return last?.seconds ?? null;
}

function inWords({ figures, hosts, notes, redactedTexts, teachers }: Plan): string {
  const rows = figures.map(({ high, how, low, name, unit }) => [name, range(low, high, unit), how]);
  const texts = redactedTexts === 0 ? '' : `, ${redactedTexts} of them with placeholders (redact)`;
  return [
    textTable(['figure', 'expected', 'how it was got'], rows, () => false),
    `${pc.bold('the texts go to:')} ${hosts.join(', ') || 'nobody'}${texts}`,
    ...teachers.map(
      ({ name, terms }) =>
        `${pc.bold(`training on the answers of ${teachers.length === 1 ? 'the teacher' : name}:`)} ${terms}`,
    ),
    ...notes.map((note) => `${pc.yellow('not known from here:')} ${note}`),
    '',
  ].join('\n');
}

function range(low: number | null, high: number | null, unit: Figure['unit']): string {
  if (low === null || high === null) return 'not known';
  const [from, to] = [inUnit(low, unit), inUnit(high, unit)];
  return from === to ? from : `${from} to ${to}`;
}

function inUnit(value: number, unit: Figure['unit']): string {
  switch (unit) {
    case 'dollars':
      return `$${value.toFixed(value < 10 ? 4 : 2)}`;
    case 'texts':
    case 'calls':
    case 'tokens':
      return Math.round(value).toLocaleString('en-US');
    case 'hours':
      return inHours(value);
    case 'seconds':
      return `${value.toPrecision(2)} s`;
    default:
      return `${value.toPrecision(2)} ${unit}`;
  }
}

function inHours(hours: number): string {
  if (hours >= 1) return `${hours.toPrecision(3)} h`;
  const minutes = 60 * hours;
  return minutes >= 1 ? `${minutes.toPrecision(2)} min` : `${(60 * minutes).toPrecision(2)} s`;
}
