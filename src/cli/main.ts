/** The command line: one file a command. */
import { createRequire } from 'node:module';
import { Command } from 'commander';
import { reportError } from './report-error.js';

/** In the order of the help. Each is loaded when it is called: all of them together take most of a second. */
const COMMANDS: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  demo: async () => (await import('./demo.js')).registerDemo,
  plan: async () => (await import('./plan.js')).registerPlan,
  distill: async () => (await import('./distill.js')).registerDistill,
  watch: async () => (await import('./run-commands.js')).registerWatch,
  approve: async () => (await import('./gate-commands.js')).registerApprove,
  reject: async () => (await import('./gate-commands.js')).registerReject,
  revise: async () => (await import('./gate-commands.js')).registerRevise,
  review: async () => (await import('./review.js')).registerReview,
  budget: async () => (await import('./budget.js')).registerBudget,
  pause: async () => (await import('./run-commands.js')).registerPause,
  resume: async () => (await import('./run-commands.js')).registerResume,
  cancel: async () => (await import('./run-commands.js')).registerCancel,
  predict: async () => (await import('./predict.js')).registerPredict,
  serve: async () => (await import('./serve.js')).registerServe,
  models: async () => (await import('./models.js')).registerModels,
  store: async () => (await import('./store.js')).registerStore,
  rollback: async () => (await import('./rollback.js')).registerRollback,
  schedule: async () => (await import('./schedule.js')).registerSchedule,
  curve: async () => (await import('./curve.js')).registerCurve,
  task: async () => (await import('./task.js')).registerTask,
  teacher: async () => (await import('./teacher.js')).registerTeacher,
  up: async () => (await import('./up.js')).registerUp,
  down: async () => (await import('./down.js')).registerDown,
  worker: async () => (await import('./worker.js')).registerWorker,
  doctor: async () => (await import('./doctor.js')).registerDoctor,
};

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const program = new Command('tutelage')
  .description("distill a large model's labels into a small classifier that you own")
  .version(version)
  // Else --version after a command would be this one: predict has its own.
  .enablePositionalOptions()
  .showHelpAfterError('(add --help for the options)')
  .exitOverride();

const [, , name = ''] = process.argv;
const called = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
// The help, and what is said of a name that nobody knows, are about all of them.
for (const load of called === undefined ? Object.values(COMMANDS) : [called]) (await load())(program);

// A reader that has seen enough, as head has, ends the command without a word.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error, process.env);
}
