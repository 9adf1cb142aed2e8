/** A Chromium for the tests of the review page: CHROMIUM_PATH, one on PATH, or Debian's package where it may be installed. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const INSTALL = [
  ['update', '-qq'],
  ['install', '-y', '-qq', '--no-install-recommends', 'chromium'],
];

/** Its path; null: there is none, and none can be installed. Throws where CHROMIUM_PATH is not there. */
export function findChromium({ env, install, onProgress }) {
  if (env.CHROMIUM_PATH) {
    if (isProgram(env.CHROMIUM_PATH)) return env.CHROMIUM_PATH;
    throw new Error(`CHROMIUM_PATH: ${env.CHROMIUM_PATH} can't be run`);
  }
  const found = onPath(env);
  if (found !== null || !install || !canInstall()) return found;
  onProgress('installing the package chromium with apt-get');
  for (const args of INSTALL) {
    const { status, stderr } = spawnSync('apt-get', args, {
      encoding: 'utf8',
      env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status === 0) continue;
    onProgress(`apt-get ${args[0]} failed: ${stderr?.trim().split('\n').at(-1) ?? ''}`);
    return null;
  }
  return onPath(env);
}

function onPath(env) {
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/bin'];
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram) ?? null;
}

function canInstall() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
