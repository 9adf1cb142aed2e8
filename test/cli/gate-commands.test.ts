import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerRevise } from '../../src/cli/gate-commands.js';
import { runCommand } from './run-command.js';

it('revise refuses a guideline that is empty before it looks for the run', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'tutelage-guideline-')), 'empty.txt');
  writeFileSync(file, ' \n');
  const args = ['revise', 'run-1', '--as', 'ana', '--doubted', '--guideline'];
  await expect(runCommand(registerRevise, [...args, file])).rejects.toMatchObject({
    message: expect.stringContaining(`--guideline ${file}: `),
    mend: 'It is the whole new guideline, as text of 1 to 50,000 characters.',
  });
  await expect(runCommand(registerRevise, [...args, `${file}x`])).rejects.toThrow("can't be read");
});
