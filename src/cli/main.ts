/** The command line: one file a command. */
import { createRequire } from 'node:module';
import { Command } from 'commander';
import { registerCurve } from './curve.js';
import { registerDemo } from './demo.js';
import { registerDistill } from './distill.js';
import { registerDoctor } from './doctor.js';
import { registerDown } from './down.js';
import { registerApprove, registerReject } from './gate-commands.js';
import { registerModels } from './models.js';
import { registerPlan } from './plan.js';
import { registerPredict } from './predict.js';
import { reportError } from './report-error.js';
import { registerReview } from './review.js';
import { registerRollback } from './rollback.js';
import { registerCancel, registerPause, registerResume, registerWatch } from './run-commands.js';
import { registerSchedule } from './schedule.js';
import { registerTask } from './task.js';
import { registerTeacher } from './teacher.js';
import { registerUp } from './up.js';
import { registerWorker } from './worker.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const program = new Command('tutelage')
  .description("distill a large model's labels into a small classifier that you own")
  .version(version)
  // Else --version after a command would be this one: predict has its own.
  .enablePositionalOptions()
  .showHelpAfterError('(add --help for the options)')
  .exitOverride();

registerDemo(program);
registerPlan(program);
registerDistill(program);
registerWatch(program);
registerApprove(program);
registerReject(program);
registerReview(program);
registerPause(program);
registerResume(program);
registerCancel(program);
registerPredict(program);
registerModels(program);
registerRollback(program);
registerSchedule(program);
registerCurve(program);
registerTask(program);
registerTeacher(program);
registerUp(program);
registerDown(program);
registerWorker(program);
registerDoctor(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error, process.env);
}
