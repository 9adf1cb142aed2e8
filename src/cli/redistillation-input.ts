/** The input of the runs that a schedule starts. Paths are made absolute: nobody knows a worker's working directory. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { parseOrExplain, RedistillationInput } from '../contracts/index.js';
import { findTask, ownPackageFolder, parseSetArguments, resolveTask, TaskError } from '../tasks/index.js';
import { storeLocation } from './command-options.js';

export interface RedistillationFlags {
  readonly corpus: string;
  readonly gold?: string;
  readonly textColumn?: string;
  readonly idColumn?: string;
  readonly labelColumn?: string;
  readonly set: readonly string[];
  readonly approveAs?: string;
  readonly store?: string;
}

export interface PlannedInput {
  /** As it is sent: defaults are filled in by the worker, each time. */
  readonly input: Record<string, unknown>;
  readonly taskName: string;
  /** What the user should know, a sentence each. */
  readonly notes: readonly string[];
}

/** Throws TaskError when the task can't be used as it is now. */
export async function redistillationInput(reference: string, flags: RedistillationFlags): Promise<PlannedInput> {
  const cwd = process.cwd();
  const { path: file } = findTask(reference, { cwd, packageFolder: ownPackageFolder() });
  const set = parseSetArguments(flags.set);
  const readStored = () => Promise.reject(new TaskError('the command line takes no store: paths for a task'));
  const { task } = await resolveTask({ task: file, set, readStored, cwd });
  const { replies } = task.teacher;
  if (replies !== null && !replies.startsWith('store:') && !isAbsolute(replies)) {
    // As for distill: a path in a task file is meant from the file's place.
    set['teacher.replies'] = resolve('teacher.replies' in set ? cwd : dirname(file), replies);
  }
  const columns = {
    ...(flags.textColumn !== undefined && { textColumn: flags.textColumn }),
    ...(flags.idColumn !== undefined && { idColumn: flags.idColumn }),
    ...(flags.labelColumn !== undefined && { labelColumn: flags.labelColumn }),
  };
  const files = [flags.corpus, ...(flags.gold === undefined ? [] : [flags.gold])].map((path) => resolve(path));
  const [corpus, gold] = files.map((path) => ({ path, ...columns }));
  const input = {
    task: file,
    ...(Object.keys(set).length > 0 && { set }),
    corpus,
    ...(gold !== undefined && { gold }),
    ...(flags.approveAs !== undefined && { approveAs: flags.approveAs }),
    ...(flags.store !== undefined && { store: storeLocation(flags.store) }),
  };
  const parsed = parseOrExplain(RedistillationInput, input);
  if (!parsed.ok) throw new TaskError(`the schedule's input can't be used:\n${parsed.problems}`);
  const missing = files.filter((path) => !existsSync(path));
  const notes = missing.map((path) => `${path} is not on this machine now; the workers must see it when a run starts`);
  return { input, taskName: task.name, notes };
}
