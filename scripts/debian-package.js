/** Packages of Debian for tests, where they may be installed. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Returns whether it was installed; where that can't be done, nothing happens. */
export function installDebian(name, { env, onProgress }) {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version') || !existsSync('/usr/bin/apt-get')) return false;
  onProgress(`installing the package ${name} with apt-get`);
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', name],
  ]) {
    const { status, stderr } = spawnSync('apt-get', args, {
      encoding: 'utf8',
      env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status === 0) continue;
    onProgress(`apt-get ${args[0]} failed: ${stderr?.trim().split('\n').at(-1) ?? ''}`);
    return false;
  }
  return true;
}
