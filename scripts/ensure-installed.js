/** Installs the packages of the lock file where they are missing or others. Plain Node: runs before anything is installed. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockFile = join(root, 'npm-shrinkwrap.json');
/** What npm writes down after an installation. */
const installedFile = join(root, 'node_modules', '.package-lock.json');

/** Returns whether it had to install. Throws when npm fails; what it said stands on stderr. */
export function ensureInstalled() {
  if (isInstalled()) return false;
  // npm tells the scripts that it starts where it is; else the one on PATH is taken.
  const npm = process.env.npm_execpath;
  const [program, args] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const { status, error } = spawnSync(program, [...args, 'ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
    // onnxruntime-node's install script would download CUDA libraries, which nothing here uses.
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
  if (error) throw new Error(`npm can't be run: ${error.message}`);
  if (status !== 0) throw new Error(`npm ci failed with code ${status}`);
  return true;
}

/** Every package of the lock file is there in its version. Optional ones may be left out: they are for other machines. */
function isInstalled() {
  if (!existsSync(installedFile)) return false;
  const wanted = packagesOf(lockFile);
  const installed = packagesOf(installedFile);
  return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
    if (path === '') return true;
    return installed[path]?.version === version || (!(path in installed) && Boolean(optional || devOptional));
  });
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}
