/** What a run would refuse before it asks anybody, found when its schedule is made: the runs of a schedule fail while nobody looks. */
import { existsSync } from 'node:fs';
import type { Task } from '../contracts/index.js';
import { CorpusError, findFiles } from '../corpus/index.js';
import { checkRows } from '../planning/index.js';
import { askedTeachers, teacherField } from '../teachers/index.js';
import { isAddress } from './command-options.js';
import { requireTrainable } from './require-trainable.js';
import { isPlainPath, type RunInput } from './run-input.js';

/** Returns the files that are not on this machine, as they were given: the workers may see them. Rows are read where all files are
 *  here. Throws TaskError for an encoder that can't be trained, and what checkRows throws. */
export async function checkScheduledRun({ input, missing, task }: RunInput): Promise<string[]> {
  // Where students will be trained is not known here.
  if (input.until !== 'vote') await requireTrainable(task, false);
  const files = [...missing, ...(await missingOf(task, input))];
  const read = [input.corpus.path, input.gold?.path ?? [], task.examplesFrom?.path ?? []].flat();
  if (files.length === 0 && !read.some(isAddress)) await checkRows(task, input);
  return files;
}

/** Of the task's files, and of the globs of the input. */
async function missingOf(task: Task, { corpus, gold }: RunInput['input']): Promise<string[]> {
  const missing: string[] = [];
  for (const [field, path] of filesOf(task)) {
    if (isPlainPath(path) && !existsSync(path)) missing.push(`${field} ${path}`);
  }
  for (const [option, paths] of Object.entries({ '--corpus': corpus.path, '--gold': gold?.path ?? [] })) {
    for (const path of [paths].flat()) {
      if (!isAddress(path) && !isPlainPath(path) && !(await matches(path))) missing.push(`${option} ${path}`);
    }
  }
  return missing;
}

/** Files that the task names, each with its field. */
function filesOf(task: Task): [field: string, path: string][] {
  const recordings = [...askedTeachers(task)].flatMap(([name, { replies }]): [string, string][] =>
    replies === null || replies.startsWith('store:') ? [] : [[`${teacherField(name)}.replies`, replies]],
  );
  const modules = task.redact.flatMap((rule, index): [string, string][] =>
    'module' in rule ? [[`redact.${index}.module`, rule.module]] : [],
  );
  const examples = [task.examplesFrom?.path ?? []].flat().map((path): [string, string] => ['examplesFrom.path', path]);
  return [...recordings, ...modules, ...examples];
}

async function matches(glob: string): Promise<boolean> {
  try {
    await findFiles(glob, { field: 'path', env: process.env });
    return true;
  } catch (error) {
    if (error instanceof CorpusError) return false;
    throw error;
  }
}
