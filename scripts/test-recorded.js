/** npm run test:recorded: what is measured on the recorded votes of a real teacher, checked against the figures in docs/. Takes some
 *  minutes; needs the data beside the checkout (docs/recorded-data.md). */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'test.js'), 'recorded-data'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, TEST_RECORDED: '1' },
});
process.exitCode = status ?? 1;
