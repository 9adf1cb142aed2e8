/** tutelage models: the versions in the registry. */
import type { Command } from 'commander';
import { counted, type ModelVersion, percent } from '../contracts/index.js';
import { deployedPointer, listTasks, requireVersions } from '../deployment/index.js';
import { openExistingStore, STORE_OPTION } from './existing-store.js';
import { textTable } from './text-table.js';

interface Flags {
  readonly store?: string;
  readonly json?: true;
}

interface Listed extends ModelVersion {
  readonly deployed: boolean;
}

export function registerModels(program: Command): void {
  program
    .command('models')
    .description('list the versions of students, and which are deployed')
    .argument('[task]', 'of this task only')
    .option(...STORE_OPTION)
    .option('--json', 'print one JSON array with everything that is known of each version')
    .action(models);
}

async function models(task: string | undefined, flags: Flags): Promise<void> {
  const store = await openExistingStore(flags.store);
  const listed: Listed[] = [];
  for (const each of task === undefined ? await listTasks(store) : [task]) {
    const pointer = await deployedPointer(store, each);
    for (const version of await requireVersions(store, each)) {
      listed.push({ ...version, deployed: version.version === pointer?.version });
    }
  }
  if (flags.json) process.stdout.write(`${JSON.stringify(listed)}\n`);
  else process.stdout.write(listed.length === 0 ? `there are no models in ${store.ref.uri}\n` : table(listed));
}

function table(listed: readonly Listed[]): string {
  const rows = listed.map(({ task, version, createdAt, kind, evaluation, provenance, deployed }) => [
    task,
    String(version),
    createdAt.slice(0, 16).replace('T', ' '),
    kind,
    percent(evaluation.student.accuracy),
    evaluation.basis === 'gold' ? counted(evaluation.rows, 'gold row') : `${evaluation.rows} of the teacher's labels`,
    provenance.approvedBy,
    deployed ? 'deployed' : '',
  ]);
  const head = ['task', 'version', 'created (UTC)', 'kind', 'right', 'measured on', 'approved by', ''];
  return textTable(head, rows, (index) => listed[index]?.deployed === true);
}
