/** A Chromium for the tests of the review page: CHROMIUM_PATH, one on PATH, or Debian's package where it may be installed. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installDebian } from './debian-package.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Its path; null: there is none, and none can be installed. Throws where CHROMIUM_PATH is not there. */
export function findChromium({ env, install, onProgress }) {
  if (env.CHROMIUM_PATH) {
    if (isProgram(env.CHROMIUM_PATH)) return env.CHROMIUM_PATH;
    throw new Error(`CHROMIUM_PATH: ${env.CHROMIUM_PATH} can't be run`);
  }
  const found = onPath(env);
  if (found !== null || !install || !installDebian('chromium', { env, onProgress })) return found;
  return onPath(env);
}

function onPath(env) {
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/bin'];
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram) ?? null;
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
