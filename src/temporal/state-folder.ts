/** The folder .tutelage: what this machine keeps about the server and the workers that it runs. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** $TUTELAGE_HOME, or .tutelage in the working directory. Absolute; need not exist. */
export function stateFolder(env: NodeJS.ProcessEnv, workingDirectory: string): string {
  return resolve(workingDirectory, env.TUTELAGE_HOME || '.tutelage');
}

/** Makes the folder, and keeps it out of the user's git. */
export function makeStateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, '.gitignore'), '*\n');
}

/** A JSON file of the folder; null where there is none or it is torn. */
export function readState<T>(folder: string, name: string): T | null {
  try {
    return JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Replaces the file in one step. */
export function writeState(folder: string, name: string, value: unknown): void {
  const draft = join(folder, `${name}.${process.pid}`);
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(draft, join(folder, name));
}
