/** tutelage rollback: back to a version that was deployed before. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { deployedPointer, rollback } from '../deployment/index.js';
import { openExistingStore, STORE_OPTION } from './existing-store.js';
import { personName, wholeNumber } from './option-values.js';

interface Flags {
  readonly to?: number;
  readonly as?: string;
  readonly store?: string;
  readonly json?: true;
}

export function registerRollback(program: Command): void {
  program
    .command('rollback')
    .description('deploy the version that was deployed before; a second rollback goes further back')
    .argument('<task>')
    .option('--to <version>', 'go to this version instead', wholeNumber)
    .option('--as <name>', 'who decides; default: the name of the user on this machine', personName)
    .option(...STORE_OPTION)
    .option('--json', 'print the new pointer as one JSON object')
    .action(rollBack);
}

async function rollBack(task: string, flags: Flags): Promise<void> {
  const store = await openExistingStore(flags.store);
  const before = await deployedPointer(store, task);
  const pointer = await rollback(store, task, flags.as ?? userInfo().username, flags.to);
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ task, ...pointer })}\n`);
    return;
  }
  const already = before?.version === pointer.version;
  const was = before === null || already ? '' : ` in place of ${before.version}`;
  process.stdout.write(`${task}: version ${pointer.version} is ${already ? 'already ' : ''}deployed${was}\n`);
}
