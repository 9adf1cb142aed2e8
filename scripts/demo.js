/** npm run demo: from a bare checkout to a distilled student. Arguments go to `tutelage demo`. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.js';
import { ensureInstalled } from './ensure-installed.js';
import { step } from './step.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  await step('install', () => (ensureInstalled() ? 'npm ci' : 'up to date'));
  await step('build', async () => ((await build()) ? 'built' : 'up to date'));
  process.exitCode = await demo();
} catch (error) {
  console.error(`npm run demo: ${error.message}`);
  process.exitCode = 1;
}

/** Resolves to the demo's exit code. Ctrl-C reaches the demo too, which cleans up; this process waits for that. */
function demo() {
  process.on('SIGINT', () => {});
  const child = spawn(process.execPath, [join(root, 'bin', 'tutelage.js'), 'demo', ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
