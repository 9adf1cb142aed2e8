/** Builds dist: compiles src, bundles the workflows and the command line, and writes the task file's JSON schema. Does nothing when nothing changed.
 *  Needs the installed packages; works in place, so that a worker that runs keeps its files. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { bundleApp } from './bundle-app.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const bundleFile = join(dist, 'workflow-bundle.js');
/** The command line, as bin/tutelage.js starts it. */
const appFile = join(dist, 'app', 'main.mjs');
/** What runs in the browser, in one file. */
const pageFile = join(dist, 'review', 'page', 'client', 'page.js');
const schemaFile = join(root, 'config', 'task.schema.json');
/** What runs in Node, then what runs in the browser. */
const PROJECTS = ['tsconfig.build.json', 'tsconfig.page.json'];
const stampFile = join(dist, '.built-from');

/** Returns false when dist was up to date. Throws when a step fails; what it said stands on stderr. */
export async function build() {
  const stamp = hashOfSources();
  const upToDate =
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === stamp &&
    existsSync(bundleFile) &&
    existsSync(appFile) &&
    existsSync(pageFile) &&
    existsSync(schemaFile);
  if (upToDate) return false;
  rmSync(stampFile, { force: true });
  compile();
  copyAssets();
  removeStale();
  await bundlePage();
  await bundleWorkflows();
  await bundleApp(root, dist);
  await writeTaskSchema();
  writeFileSync(stampFile, stamp);
  return true;
}

/** The sources and all else that decides what stands in dist. */
function hashOfSources() {
  const files = ['package.json', 'npm-shrinkwrap.json', 'tsconfig.json', ...PROJECTS];
  files.push(...['build.js', 'bundle-app.js', 'bundle-loader.cjs'].map((name) => join('scripts', name)));
  for (const file of filesBelow(join(root, 'src'))) files.push(relative(root, file));
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

function compile() {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  for (const project of PROJECTS) {
    const { status } = spawnSync(process.execPath, [compiler, '-p', project], { cwd: root, stdio: 'inherit' });
    if (status !== 0) throw new Error(`src does not compile (${project})`);
  }
}

/** What the compiler leaves where it is. */
function copyAssets() {
  for (const file of filesBelow(join(root, 'src'))) {
    if (!file.endsWith('.ts')) copyFileSync(file, join(dist, relative(join(root, 'src'), file)));
  }
}

/** A file whose source is gone would still be found by imports, and would be packed. */
function removeStale() {
  for (const file of filesBelow(dist)) {
    if (file === bundleFile || file === pageFile || dirname(file) === dirname(appFile)) continue;
    const source = join(root, 'src', relative(dist, file)).replace(/\.js(\.map)?$/, '.ts');
    if (!existsSync(source)) rmSync(file);
  }
}

/** A page that fetches one file opens sooner than one that fetches twenty. */
async function bundlePage() {
  const { default: webpack } = await import('webpack');
  const compiler = webpack({
    mode: 'production',
    target: ['web', 'es2022'],
    devtool: false,
    entry: join(dirname(pageFile), 'main.js'),
    output: { path: dirname(pageFile), filename: basename(pageFile) },
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  if (stats.hasErrors()) throw new Error(`the page can't be bundled:\n${stats.toString('errors-only')}`);
}

async function bundleWorkflows() {
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const { failureConverterPath } = await import(pathToFileURL(join(dist, 'temporal', 'index.js')).href);
  const problems = [];
  const log = (level) => (message) => (level === 'error' ? problems.push(message) : undefined);
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(dist, 'workflows', 'index.js'),
    failureConverterPath,
    logger: {
      log: (level, message) => log(level.toLowerCase())(message),
      ...Object.fromEntries(['trace', 'debug', 'info', 'warn', 'error'].map((level) => [level, log(level)])),
    },
  }).catch((error) => {
    throw new Error(`the workflows can't be bundled:\n${problems.join('\n')}`, { cause: error });
  });
  writeFileSync(bundleFile, code);
}

async function writeTaskSchema() {
  const { z } = await import('zod');
  const { Task } = await import(pathToFileURL(join(dist, 'contracts', 'index.js')).href);
  const schema = z.toJSONSchema(Task, { io: 'input', unrepresentable: 'any' });
  mkdirSync(dirname(schemaFile), { recursive: true });
  writeFileSync(schemaFile, `${JSON.stringify(schema, null, 2)}\n`);
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  build().catch((error) => {
    console.error(`build: ${error.message}`);
    process.exitCode = 1;
  });
}
