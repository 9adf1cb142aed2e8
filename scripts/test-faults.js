/** npm run test:faults [SEED...]: the fault run in several seeds, on a file store and on S3, with a table of what each came to, and
 *  runs in batches that are killed and cancelled. Takes about ten minutes. The S3 server is versitygw, which Go builds once. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const seeds = process.argv.length > 2 ? process.argv.slice(2) : ['1', '2', '3'];
const folder = mkdtempSync(join(tmpdir(), 'tutelage-faults-'));
const log = join(folder, 'runs.jsonl');

try {
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'scripts', 'test.js'), 'test/faults/fault-run', 'test/faults/batches'],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, FAULTS_SEEDS: seeds.join(','), FAULTS_LOG: log },
    },
  );
  if (existsSync(log))
    printTable(
      readFileSync(log, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function printTable(runs) {
  const columns = [...new Set(runs.flatMap((run) => Object.keys(run)))];
  const row = (cells) => console.log(`| ${cells.join(' | ')} |`);
  row(columns);
  row(columns.map(() => '---'));
  for (const run of runs) row(columns.map((column) => run[column]));
}
