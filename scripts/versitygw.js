/** The S3 server that tests use, versitygw: what is there first, then a build with Go into the cache beside Temporal's. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const VERSION = '1.8.0';

/** The program's path; null: there is none, and install is false. Looks at VERSITYGW_PATH, the cache and PATH. Throws when it can't
 *  be built; a build takes about two minutes on two cores, once. */
export function findVersitygw(env, { install, onProgress = () => {} }) {
  const cache = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tutelage', 'versitygw');
  const cached = join(cache, VERSION, 'versitygw');
  const found = [env.VERSITYGW_PATH, cached, onPath(env, 'versitygw')].find((path) => path && isExecutable(path));
  if (found !== undefined) return found;
  if (!install) return null;
  const go = onPath(env, 'go');
  if (go === null) throw new Error('versitygw is not there, and Go, to build it with, is not installed');
  onProgress(`versitygw: building ${VERSION} with Go; this takes some minutes, once`);
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, '.new-'));
  try {
    const module = `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`;
    const { error, status, stderr } = spawnSync(go, ['install', module], {
      env: { ...env, GOBIN: folder },
      encoding: 'utf8',
    });
    if (error) throw error;
    if (status !== 0) throw new Error(`go install ${module} failed: ${stderr.slice(-500).trim()}`);
    mkdirSync(join(cache, VERSION), { recursive: true });
    renameSync(join(folder, 'versitygw'), cached);
    return cached;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function onPath(env, program) {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find(isExecutable) ?? null;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return existsSync(path);
  } catch {
    return false;
  }
}
