/** What signs the reviewers' links: TUTELAGE_REVIEW_SECRET, else a secret of the state folder's own. */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeStateFolder, UsageError } from '../temporal/index.js';

const FILE = 'review-secret';
const SHORTEST = 16;

/** Makes the folder's secret at the first time. To remove the file ends all links. Throws UsageError. */
export function reviewSecret(env: NodeJS.ProcessEnv, folder: string): string {
  const given = env.TUTELAGE_REVIEW_SECRET?.trim();
  if (given) {
    if (given.length >= SHORTEST) return given;
    throw new UsageError(
      `TUTELAGE_REVIEW_SECRET has ${given.length} characters, which can be guessed`,
      `Give at least ${SHORTEST}, for example: openssl rand -hex 32`,
    );
  }
  makeStateFolder(folder);
  const path = join(folder, FILE);
  return readSecret(path) ?? makeSecret(path);
}

/** Of two that are made at once, the first one stays. */
function makeSecret(path: string): string {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readSecret(path)!;
}

function readSecret(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
