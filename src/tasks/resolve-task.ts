/** From a run's input to a task with every default filled in. */
import { createHash } from 'node:crypto';
import { parseOrExplain, Task } from '../contracts/index.js';
import { canonicalJson } from './canonical-json.js';
import { findTask, ownPackageFolder } from './find-task.js';
import { applySet } from './overrides.js';
import { parseTaskYaml, readTaskFile } from './read-task-file.js';
import { TaskError } from './task-error.js';

export interface TaskSource {
  /** The task itself, the name of one, a path on this machine's disk, or store:PATH. */
  readonly task: string | Record<string, unknown>;
  /** What messages call a task that is given itself. */
  readonly called?: string;
  readonly set: Record<string, unknown>;
  /** Text of a file in the store. */
  readonly readStored: (path: string) => Promise<string>;
  readonly cwd: string;
}

export interface ResolvedTask {
  readonly task: Task;
  /** SHA-256 of the task's canonical JSON, hex: the same however the file was written. */
  readonly taskHash: string;
}

const STORED = 'store:';

/** Throws TaskError that names the file and lists all that is wrong with it. */
export async function resolveTask(source: TaskSource): Promise<ResolvedTask> {
  const { name, value } = await readSource(source);
  const parsed = parseOrExplain(Task, applySet(value, source.set));
  if (!parsed.ok) throw new TaskError(`${name} can't be used:\n${parsed.problems.replace(/^/gm, '  ')}`);
  return { task: parsed.value, taskHash: createHash('sha256').update(canonicalJson(parsed.value)).digest('hex') };
}

async function readSource({
  called = 'the task of the input',
  cwd,
  readStored,
  task,
}: TaskSource): Promise<{ name: string; value: unknown }> {
  if (typeof task !== 'string') return { name: called, value: task };
  if (task.startsWith(STORED)) {
    return { name: `task ${task}`, value: parseTaskYaml(await readStored(task.slice(STORED.length)), task) };
  }
  const { path } = findTask(task, { cwd, packageFolder: ownPackageFolder() });
  return { name: `task ${path}`, value: await readTaskFile(path) };
}
