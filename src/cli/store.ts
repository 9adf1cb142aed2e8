/** tutelage store: how large a store is, and what of it may go. */
import { isGrpcServiceError } from '@temporalio/client';
import type { Command } from 'commander';
import { counted, inNumber, parseOrExplain, RetentionPolicy } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import { type ServerFlags, SetupError, UsageError } from '../temporal/index.js';
import { withServerOptions } from './command-options.js';
import { openExistingStore, STORE_OPTION } from './existing-store.js';
import { judgeRetention, type Retention, removeOutdated } from './retention.js';
import { withClient } from './run-client.js';
import { runsOnServer, type StateOnServer } from './runs-on-server.js';
import { textTable } from './text-table.js';

interface SizeFlags {
  readonly store?: string;
  readonly json?: true;
}

interface GcFlags extends SizeFlags, ServerFlags {
  readonly keepDays?: string;
  readonly abandonedDays?: string;
  readonly yes?: true;
}

interface Size {
  readonly folder: string;
  files: number;
  bytes: number;
}

const FOLDERS_SHOWN = 30;
const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

export function registerStore(program: Command): void {
  const command = program.command('store').description('how large the store is, and what of it may go');
  command
    .command('sizes')
    .description('files and bytes of each folder')
    .option(...STORE_OPTION)
    .option('--json', 'print one JSON array')
    .action(sizes);
  const gcCommand = command
    .command('gc')
    .description(
      'show what is no longer needed: ended runs and replies of earlier ones, but nothing of open runs or of runs that made a registered model; --yes removes it',
    )
    .option('--keep-days <n>', `${described('keepDays')} Default: ${RetentionPolicy.parse({}).keepDays}.`)
    .option('--abandoned-days <n>', described('abandonedDays'))
    .option('--yes', 'remove it')
    .option(...STORE_OPTION)
    .option('--json', 'print one JSON object');
  withServerOptions(gcCommand).action(gc);
}

async function sizes(flags: SizeFlags): Promise<void> {
  const store = await openExistingStore(flags.store);
  const found = await sizesOf(store);
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(found)}\n`);
    return;
  }
  const total = found.reduce((sum, { bytes }) => sum + bytes, 0);
  const rows = found.map(({ bytes, files, folder }) => [folder, String(files), inUnits(bytes)]);
  process.stdout.write(textTable(['folder', 'files', 'size'], [...rows, ['all', '', inUnits(total)]], () => false));
}

/** Of the folders in the store, and of the models of each task. */
async function sizesOf(store: Store): Promise<Size[]> {
  const byFolder = new Map<string, Size>();
  for await (const { bytes, path } of store.files('')) {
    const folder = /^(models\/[^/]+|[^/]+)\//.exec(path)?.[1];
    if (folder === undefined) continue;
    const size = byFolder.get(folder) ?? { folder, files: 0, bytes: 0 };
    size.files++;
    size.bytes += bytes;
    byFolder.set(folder, size);
  }
  return [...byFolder.values()].sort((a, b) => b.bytes - a.bytes);
}

async function gc(flags: GcFlags): Promise<void> {
  const { abandonedDays, keepDays: asked } = flags;
  const given = {
    ...(asked !== undefined && { keepDays: asked }),
    ...(abandonedDays !== undefined && { abandonedDays }),
  };
  const policy = parseOrExplain(RetentionPolicy, given);
  if (!policy.ok) throw new UsageError(`store gc: ${policy.problems}`, 'Give numbers of days.');
  const store = await openExistingStore(flags.store);
  const now = new Date();
  const retention = await judgeRetention(store, policy.value, now, await askServer(flags));
  if (flags.yes) await removeOutdated(store, retention, now);
  const { keepDays } = policy.value;
  if (flags.json) process.stdout.write(`${JSON.stringify({ keepDays, removed: flags.yes === true, ...retention })}\n`);
  else process.stdout.write(inWords(retention, keepDays, flags.yes === true));
}

/** Only a server knows of runs that were terminated. Without one they stay, so that it is no error. */
async function askServer(flags: ServerFlags): Promise<StateOnServer> {
  try {
    return await withClient(flags, runsOnServer);
  } catch (error) {
    if (!(error instanceof SetupError) && !isGrpcServiceError(error)) throw error;
    process.stderr.write(`runs that left no outcome count as open: ${error.message}\n`);
    return () => null;
  }
}

function inWords({ kept, leftovers, outdated }: Retention, keepDays: number, removed: boolean): string {
  const bytes = outdated.reduce((sum, each) => sum + each.bytes, leftovers.bytes);
  const files = outdated.reduce((sum, each) => sum + each.files, leftovers.files);
  const stay = `runs that stay: ${kept.open} open, ${kept.registered} that made a registered model, ${kept.recent} that ended within ${counted(keepDays, 'day')}\n`;
  if (files === 0) return `${stay}nothing may go\n`;
  const largest = [...outdated].sort((a, b) => b.bytes - a.bytes);
  const rows = largest
    .slice(0, FOLDERS_SHOWN)
    .map(({ folder, ...each }) => [folder, String(each.files), inUnits(each.bytes)]);
  if (largest.length > FOLDERS_SHOWN)
    rows.push([`and ${counted(largest.length - FOLDERS_SHOWN, 'more folder')}`, '', '']);
  if (leftovers.files > 0) rows.push(['half-written files', String(leftovers.files), inUnits(leftovers.bytes)]);
  const end = removed
    ? `removed: ${counted(files, 'file')}, ${inUnits(bytes)}\n`
    : `${counted(files, 'file')}, ${inUnits(bytes)} may go; remove ${inNumber(files, 'it', 'them')} with --yes\n`;
  return `${stay}${textTable(['may go', 'files', 'size'], rows, () => false)}${end}`;
}

function described(key: keyof typeof RetentionPolicy.shape): string {
  return RetentionPolicy.shape[key].description ?? '';
}

function inUnits(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${UNITS[power]}`;
}
