/** npm run test:libreoffice: review files through LibreOffice Calc. Where it is missing, Debian's package is installed. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDebian } from './debian-package.js';
import { step } from './step.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');

try {
  await step('libreoffice', () => {
    if (version() === null) installDebian('libreoffice-calc', { env: process.env, onProgress: console.log });
    const found = version();
    if (found === null) throw new Error('there is no soffice: install LibreOffice Calc (Debian: libreoffice-calc)');
    return found;
  });
  await step('round trip', () => {
    const { status } = spawnSync(process.execPath, [jest, 'test/review/libreoffice.test.ts'], {
      cwd: root,
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error('the round trip failed');
    return 'passed';
  });
} catch (error) {
  console.error(`test:libreoffice: ${error.message}`);
  process.exitCode = 1;
}

function version() {
  const { status, stdout } = spawnSync('soffice', ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}
