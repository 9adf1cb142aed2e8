/** Where trainings leave their checkpoints: folders of this machine that outlive the attempt, so that the next one goes on. */
import { createHash } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

const DAY_MS = 86_400_000;
/** A run that nobody has gone on with for so long trains anew: what cancelled ones left would fill the disk, gigabytes each. */
const KEPT_MS = 7 * DAY_MS;

/** student: its folder in the store, and the store's id. */
export function checkpointsOf(student: string, env: NodeJS.ProcessEnv): string {
  return join(checkpointFolders(env), createHash('sha256').update(student).digest('hex'));
}

/** Removes those that no training has written to for a week. What can't be removed stays. */
export async function removeAbandonedCheckpoints(env: NodeJS.ProcessEnv, now: () => number = Date.now): Promise<void> {
  const all = checkpointFolders(env);
  for (const name of await readdir(all).catch(() => [])) {
    const folder = join(all, name);
    if ((await lastWrite(folder)) < now() - KEPT_MS) {
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

function checkpointFolders(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tutelage', 'training');
}

/** In ms since 1970, of the folder or a file in it; of what is gone meanwhile or can't be read Infinity. */
async function lastWrite(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const paths = [folder, ...names.map((name) => join(folder, name))];
  const timeOf = (path: string) =>
    stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.POSITIVE_INFINITY,
    );
  return Math.max(...(await Promise.all(paths.map(timeOf))));
}
