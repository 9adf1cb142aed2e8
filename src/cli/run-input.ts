/** The input of a run from the command line's options: for `distill`, and for the runs that a schedule starts. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { DistillationInput, OWN_TEACHER, parseOrExplain, type Task } from '../contracts/index.js';
import {
  applySet,
  findTask,
  ownPackageFolder,
  parseSetArguments,
  readTaskFile,
  resolveTask,
  TaskError,
} from '../tasks/index.js';
import { askedTeachers, requireUsableTeachers, teacherField } from '../teachers/index.js';
import { isAddress, placedPath, positiveNumber, storeLocation } from './command-options.js';
import { personName, repeated, wholeNumber } from './option-values.js';

export interface RunFlags {
  readonly corpus: string[];
  readonly gold?: string[];
  readonly textColumn?: string;
  readonly idColumn?: string;
  readonly labelColumn?: string;
  readonly badRows?: 'refuse' | 'skip';
  readonly sample?: number;
  readonly stratifyBy?: string;
  readonly teacherUrl?: string;
  readonly model?: string;
  readonly replies?: string;
  readonly maxUsd?: number;
  readonly maxCalls?: number;
  readonly set: string[];
  readonly approveAs?: string;
  readonly until?: 'vote';
  readonly store?: string;
}

export interface RunInput {
  /** As it is sent, with absolute paths and without defaults. */
  readonly sent: Record<string, unknown>;
  /** The same with every default. */
  readonly input: DistillationInput;
  readonly task: Task;
  /** Files of the input that are not on this machine, as they were given: "--corpus texts.csv". */
  readonly missing: readonly string[];
}

const NO_COLUMN = 'none';

/** Adds the task argument and the options of RunFlags. */
export function withRunOptions(command: Command): Command {
  return command
    .argument('<task>', 'task file, or the name of a task in ./config/tasks or of a shipped one')
    .requiredOption(
      '--corpus <files>',
      "texts to label: JSONL, CSV, TSV or Parquet, a folder or a quoted glob on the workers' disk, hf://datasets/... or s3://...; may be given several times",
      several,
    )
    .option('--gold <files>', "texts with experts' labels, used to measure only; may be given several times", several)
    .option('--text-column <name>', 'column of the texts (default: text)')
    .option('--id-column <name>', 'column of ids (default: id; without one ids are content hashes)')
    .option('--label-column <name>', `column of experts' labels (default: label; "${NO_COLUMN}" ignores it)`)
    .addOption(
      new Option('--bad-rows <what>', 'unusable rows end the run, or are left out and counted').choices([
        'refuse',
        'skip',
      ]),
    )
    .option('--sample <n>', 'label only so many texts, drawn at random; the rest is left for the student', wholeNumber)
    .option('--stratify-by <column>', 'keep the shares of this column in the sample')
    .option('--teacher-url <url>', 'OpenAI-compatible endpoint, for example http://localhost:8000/v1')
    .option('--model <id>', 'model of the teacher (with --teacher-url: the one it lists, if it is one)')
    .option('--replies <file>', 'answer from recorded replies; nothing is paid')
    .option('--max-usd <dollars>', 'hard limit of what a run may spend', positiveNumber)
    .option('--max-calls <n>', 'hard limit of requests to the teacher', wholeNumber)
    .addOption(repeated('--set <key=value>', 'override any key of the task: votes.stop=majority'))
    .option('--approve-as <name>', 'approve both gates under this name if all checks pass, else reject', personName)
    .addOption(
      new Option('--until <stage>', 'end when the votes are counted: labels, but no gates and no student').choices([
        'vote',
      ]),
    )
    .option(
      '--store <address>',
      "where artifacts go: a folder or s3://BUCKET/PREFIX (or TUTELAGE_STORE); default: the workers' store",
    );
}

/** Everything that can be checked here is checked here: a refusal costs nothing and comes at once. Throws TaskError,
 *  and what requireUsableTeachers throws. taskBy: `content` sends the task as it is now; `file` its path, to be read anew by each run. */
export async function runInput(reference: string, flags: RunFlags, taskBy: 'content' | 'file'): Promise<RunInput> {
  const cwd = process.cwd();
  const { path: file } = findTask(reference, { cwd, packageFolder: ownPackageFolder() });
  const written = (await readTaskFile(file)) as Record<string, unknown>;
  const given = { ...teacherOverrides(flags), ...parseSetArguments(flags.set) };
  const set: Record<string, unknown> = { ...given, ...fromReplies(flags, applySet(written, given)) };
  const readStored = () => Promise.reject(new TaskError('the command line takes no store: paths for a task'));
  const resolved = async () =>
    (await resolveTask({ task: taskBy === 'file' ? file : written, called: `task ${file}`, set, readStored, cwd }))
      .task;
  placeFiles(set, await resolved(), { cwd, file });
  const task = await resolved();
  await requireUsableTeachers(task);
  if (flags.stratifyBy !== undefined && flags.sample === undefined) {
    throw new TaskError(
      `--stratify-by ${flags.stratifyBy}: it keeps the shares in a sample; say how large with --sample`,
    );
  }
  const sent = {
    task: taskBy === 'file' ? file : written,
    ...(Object.keys(set).length > 0 && { set }),
    ...filesOf(flags),
    ...(flags.approveAs !== undefined && { approveAs: flags.approveAs }),
    ...(flags.until !== undefined && { until: flags.until }),
    ...((flags.store || process.env.TUTELAGE_STORE) && { store: storeLocation(flags.store) }),
  };
  const parsed = parseOrExplain(DistillationInput, sent);
  if (!parsed.ok) throw new TaskError(parsed.problems);
  const files = { '--corpus': flags.corpus, '--gold': flags.gold };
  const missing = Object.entries(files).flatMap(([option, paths = []]) =>
    paths.filter((path) => isPlainPath(path) && !existsSync(path)).map((path) => `${option} ${path}`),
  );
  return { sent, input: parsed.value, task, missing };
}

/** Paths in a task file are meant from the file's place, those of the command line from where it was typed. */
export function placeFiles(
  set: Record<string, unknown>,
  task: Task,
  { cwd, file }: { readonly cwd: string; readonly file: string },
): void {
  const typed = Object.keys(set);
  const isTyped = (key: string) => typed.some((given) => key === given || key.startsWith(`${given}.`));
  const place = (key: string, path: string) => resolve(isTyped(key) ? cwd : dirname(file), path);
  for (const [name, { replies }] of askedTeachers(task)) {
    const key = `${teacherField(name)}.replies`;
    if (replies !== null && !replies.startsWith('store:')) set[key] = place(key, replies);
  }
  for (const [index, rule] of task.redact.entries()) {
    const key = `redact.${index}.module`;
    if ('module' in rule) set[key] = place(key, rule.module);
  }
  if (task.examplesFrom !== null) {
    const { path } = task.examplesFrom;
    const key = 'examplesFrom.path';
    const placed = [path].flat().map((one) => (isAddress(one) ? one : place(key, one)));
    set[key] = placed.length === 1 ? placed[0] : placed;
  }
}

function filesOf(flags: RunFlags): Record<string, unknown> {
  const { badRows, gold, idColumn, labelColumn, sample, stratifyBy, textColumn } = flags;
  const columns = {
    ...(textColumn !== undefined && { textColumn }),
    ...(idColumn !== undefined && { idColumn }),
    ...(badRows !== undefined && { badRows }),
  };
  const corpus = {
    path: inputPath(flags.corpus),
    ...columns,
    ...(labelColumn !== undefined && { labelColumn: labelColumn === NO_COLUMN ? null : labelColumn }),
    ...(sample !== undefined && { sample: { size: sample, stratifyBy: stratifyBy ?? null } }),
  };
  if (gold === undefined) return { corpus };
  const ownLabels = labelColumn === undefined || labelColumn === NO_COLUMN ? {} : { labelColumn };
  return { corpus, gold: { path: inputPath(gold), ...columns, ...ownLabels } };
}

/** One path stays one path: the same run, however many may be given. */
function inputPath(paths: readonly string[]): string | string[] {
  const absolute = paths.map(placedPath);
  return absolute.length === 1 ? absolute[0]! : absolute;
}

/** Globs and addresses are judged by whoever reads them. */
export function isPlainPath(path: string): boolean {
  return !isAddress(path) && !/[*?[{]/.test(path);
}

function several(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function teacherOverrides(flags: RunFlags): Record<string, unknown> {
  return {
    // The task's model and its special fields are those of its own endpoint.
    ...(flags.teacherUrl !== undefined && {
      'teacher.url': flags.teacherUrl,
      'teacher.model': null,
      'teacher.extraBody': {},
    }),
    ...(flags.model !== undefined && { 'teacher.model': flags.model }),
    ...(flags.maxUsd !== undefined && { 'budget.usd': flags.maxUsd }),
    ...(flags.maxCalls !== undefined && { 'budget.calls': flags.maxCalls }),
  };
}

/** All teachers answer from the file: nothing is to be paid. */
function fromReplies({ replies }: RunFlags, task: unknown): Record<string, unknown> {
  if (replies === undefined) return {};
  const names = [OWN_TEACHER, ...Object.keys(Object(Reflect.get(Object(task), 'teachers')))];
  return Object.fromEntries(
    names.map(teacherField).flatMap((field) => [
      [`${field}.provider`, 'recorded'],
      [`${field}.replies`, replies],
    ]),
  );
}
