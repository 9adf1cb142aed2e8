/** From what a user types to a task file: a path, or the name of one of the project's or the shipped tasks. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearest } from '../contracts/index.js';
import { TaskError } from './task-error.js';

export interface TaskPlaces {
  /** Relative paths start here, and the project's own tasks are in its config/tasks. */
  readonly cwd: string;
  /** Shipped tasks are in its config/tasks. */
  readonly packageFolder: string;
}

const EXTENSION = '.yaml';

/** The file that a reference means: a path if it has a slash or ends in .yaml, .yml or .json, else a name. The project's
 *  own task wins over a shipped one of the same name. Throws TaskError that lists the names there are. */
export function findTask(reference: string, { cwd, packageFolder }: TaskPlaces): { path: string } {
  if (isPath(reference)) {
    const path = resolve(cwd, reference);
    if (isFile(path)) return { path };
    throw new TaskError(
      `task ${reference}: there is no file ${path} on this machine; ${listNames({ cwd, packageFolder })}`,
    );
  }
  const path = taskFolders({ cwd, packageFolder })
    .map((folder) => join(folder, `${reference}${EXTENSION}`))
    .find(isFile);
  if (path !== undefined) return { path };
  const guess = nearest(reference, taskNames({ cwd, packageFolder }));
  const asked = guess === null ? '' : ` (did you mean ${guess}?)`;
  throw new TaskError(`task ${reference}: there is none of this name${asked}; ${listNames({ cwd, packageFolder })}`);
}

/** The folder of this package, found upwards from this file: src and dist lie at different depths in it. */
export function ownPackageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isOwnPackage(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json of tutelage above ${fileURLToPath(import.meta.url)}`);
    folder = parent;
  }
  return folder;
}

function isPath(reference: string): boolean {
  return /[/\\]|\.(ya?ml|json)$/i.test(reference);
}

function taskFolders({ cwd, packageFolder }: TaskPlaces): string[] {
  return [...new Set([cwd, packageFolder].map((folder) => resolve(folder, 'config', 'tasks')))];
}

function taskNames(places: TaskPlaces): string[] {
  const files = taskFolders(places).flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  const names = files.filter((file) => file.endsWith(EXTENSION)).map((file) => file.slice(0, -EXTENSION.length));
  return [...new Set(names)].sort();
}

function listNames(places: TaskPlaces): string {
  const names = taskNames(places);
  return `give the path of a YAML file${names.length === 0 ? '' : `, or one of the names ${names.join(', ')}`}`;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isOwnPackage(path: string): boolean {
  return existsSync(path) && (JSON.parse(readFileSync(path, 'utf8')) as { name?: unknown }).name === 'tutelage';
}
