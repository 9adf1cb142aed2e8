/** tutelage doctor: what works here, what doesn't, and how to mend it. */
import type { Command } from 'commander';
import pc from 'picocolors';
import type { ServerFlags } from '../temporal/index.js';
import { currentStateFolder, storeLocation, withServerOptions } from './command-options.js';
import { STORE_OPTION } from './existing-store.js';
import { ExitCode } from './exit-codes.js';
import { checkHealth, type HealthCheck } from './health-checks.js';

interface Flags extends ServerFlags {
  readonly store?: string;
  readonly json?: true;
}

const COLOURS = { ok: pc.green, warn: pc.yellow, missing: pc.red } as const;

export function registerDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('look at everything that a run needs; exit code 0 if it can run')
    .option(...STORE_OPTION)
    .option('--json', 'one JSON object instead of text');
  withServerOptions(command).action(doctor);
}

async function doctor(flags: Flags): Promise<void> {
  const checks = await checkHealth({
    env: process.env,
    flags,
    folder: currentStateFolder(),
    store: storeLocation(flags.store),
  });
  const canRun = checks.every(({ status }) => status !== 'missing');
  process.stdout.write(flags.json ? `${JSON.stringify({ canRun, checks }, null, 2)}\n` : checks.map(describe).join(''));
  process.exitCode = canRun ? ExitCode.Ok : ExitCode.Failed;
}

function describe({ name, status, detail, mend }: HealthCheck): string {
  const line = `${COLOURS[status](status.padEnd(8))}${name.padEnd(14)}${detail}\n`;
  return mend === null ? line : `${line}${' '.repeat(22)}${pc.dim(mend)}\n`;
}
