/** npm run test:label-studio: the review's round trip through a real Label Studio, with a legacy token and with a personal
 *  access token. Needs python3 with venv; installs Label Studio once, beside the repository's other caches; keeps its data
 *  (SQLite) in a temporary folder. */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { step } from './step.js';

const VERSION = '1.23.2';
/** Its database is made at the first start. */
const STARTS_WITHIN_S = 600;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const venv = join(root, '.tutelage', `label-studio-${VERSION}`);
const program = join(venv, 'bin', 'label-studio');
const data = mkdtempSync(join(tmpdir(), 'tutelage-label-studio-'));
const legacy = randomBytes(20).toString('hex');
const url = `http://127.0.0.1:${await freePort()}`;
let server;

try {
  await step('install', () => install());
  await step('start', () => start());
  await step('legacy token', () => test(legacy));
  await step('personal access token', async () => test((await call('POST', '/api/token/')).token));
} catch (error) {
  console.error(`test:label-studio: ${error.message}`);
  process.exitCode = 1;
} finally {
  server?.kill();
  rmSync(data, { recursive: true, force: true });
}

function install() {
  if (existsSync(program)) return `Label Studio ${VERSION} is there`;
  run('python3', ['-m', 'venv', venv]);
  run(join(venv, 'bin', 'pip'), ['install', '--quiet', `label-studio==${VERSION}`]);
  return `installed Label Studio ${VERSION}`;
}

async function start() {
  const who = ['--username', 'test@example.com', '--password', randomBytes(12).toString('hex'), '--user-token', legacy];
  server = spawn(program, ['start', '--no-browser', '--port', new URL(url).port, ...who], {
    stdio: 'ignore',
    env: {
      ...process.env,
      LABEL_STUDIO_BASE_DATA_DIR: data,
      // Off in new installations.
      LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN: 'true',
      COLLECT_ANALYTICS: 'false',
      LATEST_VERSION_CHECK: '0',
    },
  });
  for (let second = 0; second < STARTS_WITHIN_S; second++) {
    if (server.exitCode !== null) throw new Error(`Label Studio ended with ${server.exitCode}`);
    const response = await fetch(`${url}/health`).catch(() => null);
    if (response?.ok) return url;
    await sleep(1000);
  }
  throw new Error(`Label Studio did not start within ${STARTS_WITHIN_S} s`);
}

function test(key) {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  run(process.execPath, [jest, 'test/review/label-studio.test.ts'], {
    TUTELAGE_LABEL_STUDIO_URL: url,
    LABEL_STUDIO_API_KEY: key,
  });
  return 'passed';
}

async function call(method, path) {
  const response = await fetch(`${url}${path}`, { method, headers: { authorization: `Token ${legacy}` } });
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`);
  return response.json();
}

function run(command, args, env = {}) {
  const { error, status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} failed`);
}

async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
