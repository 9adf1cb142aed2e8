/** tutelage down: stops what `tutelage up` started in this folder. */
import type { Command } from 'commander';
import { stopDevServer, stopProcess } from '../temporal/index.js';
import { currentStateFolder } from './command-options.js';
import { stopUp } from './ensure-up.js';
import { runningWorkers } from './worker-fleet.js';

/** Workers end by themselves 25 s after they were told to. */
const WORKER_GRACE_MS = 30_000;

export function registerDown(program: Command): void {
  program
    .command('down')
    .description('stop the workers and the local server of this folder; runs go on at the next `tutelage up`')
    .action(down);
}

async function down(): Promise<void> {
  const folder = currentStateFolder();
  const stopped = await stopUp(folder);
  // What a killed `up` left behind.
  const workers = runningWorkers(folder);
  await Promise.all(workers.map(({ process: worker }) => stopProcess(worker, WORKER_GRACE_MS)));
  const server = await stopDevServer(folder);
  const something = stopped || server || workers.length > 0;
  process.stdout.write(something ? 'stopped\n' : `nothing runs for ${folder}\n`);
}
