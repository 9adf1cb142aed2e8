/** npm test: from a bare checkout to the tests' result. Arguments go to Jest: npm test -- test/voting */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from './build.js';
import { ensureInstalled } from './ensure-installed.js';
import { findChromium } from './find-chromium.js';
import { step } from './step.js';
import { findVersitygw } from './versitygw.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const env = { ...process.env };
const MOST_TRIED_AGAIN = 3;

try {
  await step('install', () => (ensureInstalled() ? 'npm ci' : 'up to date'));
  await step('build', async () => ((await build()) ? 'built' : 'up to date'));
  await step('temporal', async () => {
    const { findServerBinary } = await import(pathToFileURL(join(root, 'dist', 'temporal', 'index.js')).href);
    const found = await findServerBinary({ env, install: true, onProgress: (line) => console.log(`  ${line}`) });
    env.TEMPORAL_CLI_PATH = found.path;
    return `${found.path} (from ${found.source})`;
  });
  await step('chromium', () => {
    const path = findChromium({ env, install: true, onProgress: (line) => console.log(`  ${line}`) });
    if (path === null) return 'none: the tests of the review page in a browser are skipped';
    env.CHROMIUM_PATH = path;
    return path;
  });
  await step('versitygw', () => {
    try {
      env.VERSITYGW_PATH = findVersitygw(env, { install: true, onProgress: (line) => console.log(`  ${line}`) });
      return env.VERSITYGW_PATH;
    } catch (error) {
      return `${error.message}: the tests of S3 are skipped`;
    }
  });
  await step('biome', () => run('@biomejs/biome/bin/biome', ['check', '.']));
  await step('types', () => run('typescript/bin/tsc', ['--noEmit', '-p', 'tsconfig.json']));
  await step('jest', () => testTwice(process.argv.slice(2)));
} catch (error) {
  console.error(`npm test: ${error.message}`);
  process.exitCode = error.exitCode ?? 1;
}

/** A suite that fails among others that keep the machine busy gets a second try with the machine to itself, and is named. More
 *  than a few are no accident. */
function testTwice(args) {
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-test-'));
  const failures = join(folder, 'failed-suites.json');
  try {
    const reporters = ['--reporters=default', `--reporters=${join(root, 'scripts', 'failed-suites-reporter.cjs')}`];
    env.FAILED_SUITES = failures;
    try {
      run('jest/bin/jest.js', [...args, ...reporters]);
      return '';
    } catch (error) {
      const failed = existsSync(failures) ? JSON.parse(readFileSync(failures, 'utf8')) : [];
      if (failed.length === 0 || failed.length > MOST_TRIED_AGAIN) throw error;
      console.log(`failed, tried again alone: ${failed.join(', ')}`);
      run('jest/bin/jest.js', ['--runInBand', '--runTestsByPath', ...failed]);
      return `passed at the second try only: ${failed.join(', ')}`;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs an installed program; throws an error with its exit code when it fails. */
function run(program, args) {
  const path = join(root, 'node_modules', program);
  const { status } = spawnSync(process.execPath, [path, ...args], { cwd: root, stdio: 'inherit', env });
  if (status !== 0) throw Object.assign(new Error(`${program} failed`), { exitCode: status ?? 1 });
}
