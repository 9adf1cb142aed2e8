/** The command line: one file a command. */
import { createRequire } from 'node:module';
import { Command } from 'commander';
import { registerDoctor } from './doctor.js';
import { registerDown } from './down.js';
import { reportError } from './report-error.js';
import { registerUp } from './up.js';
import { registerWorker } from './worker.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const program = new Command('tutelage')
  .description("distill a large model's labels into a small classifier that you own")
  .version(version)
  .showHelpAfterError('(add --help for the options)')
  .exitOverride();

registerUp(program);
registerDown(program);
registerWorker(program);
registerDoctor(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error, process.env);
}
