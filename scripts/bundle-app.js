/** Bundles the command line and its workers, with the packages that they load at their start, into a few files: Node takes half a
 *  second to find and to compile the 1,500 that they are made of. */
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Loaded by what starts a worker or asks a server. Other packages are loaded where they are used, from node_modules. */
const BUNDLED = [
  /^@huggingface\/(inference|tasks)$/,
  /^@temporalio\/(activity|client|common|core-bridge|envconfig|nexus|proto|worker|workflow)$/,
  /^(commander|fastest-levenshtein|jsonrepair|picocolors|pino|undici|yaml|zod)$/,
];
/** Of the packages above: what only bundles workflows, which the build has done. */
const NEVER_CALLED = ['memfs', 'unionfs', 'webpack'];
const loader = fileURLToPath(new URL('./bundle-loader.cjs', import.meta.url));

/** Writes the folder app of dist. Throws when it can't. */
export async function bundleApp(root, dist) {
  const { default: webpack } = await import('webpack');
  const folder = join(dist, 'app');
  const compiler = webpack({
    mode: 'production',
    target: 'node20.19',
    context: root,
    // Of a build after the first one only what was changed is gone through again.
    cache: { type: 'filesystem', buildDependencies: { config: [fileURLToPath(import.meta.url), loader] } },
    // Stack traces name functions and files as they are written.
    devtool: false,
    optimization: { minimize: false, splitChunks: { chunks: 'all', maxAsyncRequests: 99 } },
    entry: {
      main: join(dist, 'cli', 'main.js'),
      'workflow-thread': join(root, 'node_modules/@temporalio/worker/lib/workflow/workflow-worker-thread.js'),
    },
    experiments: { outputModule: true },
    output: { path: folder, module: true, chunkFormat: 'module', chunkLoading: 'import', clean: true },
    externalsPresets: { node: true },
    externals: [({ request, context }, done) => done(null, externalAs(request, context))],
    module: {
      parser: { javascript: { createRequire: false, importMeta: false, url: false } },
      rules: [
        { test: /\.js$/, use: { loader, options: { dist } } },
        { include: dist, sideEffects: false },
      ],
    },
    // Optional packages of packages, and what is required by a name that is only known when it runs.
    ignoreWarnings: [/Can't resolve|Critical dependency/],
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  if (stats.hasErrors()) throw new Error(`the command line can't be bundled:\n${stats.toString('errors-only')}`);
  const files = [...stats.compilation.modules].flatMap(({ resource }) => resource ?? []);
  // source-map looks for it beside the file that it runs from.
  const readsWasm = files.find((file) => file.endsWith(join('source-map', 'lib', 'read-wasm.js')));
  copyFileSync(join(dirname(readsWasm), 'mappings.wasm'), join(folder, 'mappings.wasm'));
  writeFileSync(join(folder, 'LICENSES.txt'), licencesOf(files));
}

/** How webpack leaves a module out; undefined: it is bundled. Whatever a bundled package needs is bundled with it. */
function externalAs(request, context) {
  if (NEVER_CALLED.includes(request)) return 'var {}';
  const ours = !context.includes('node_modules');
  const isPackage = /^[a-z@]/.test(request) && !request.startsWith('node:');
  if (!ours || !isPackage) return undefined;
  const name = request
    .split('/')
    .slice(0, request.startsWith('@') ? 2 : 1)
    .join('/');
  return BUNDLED.some((pattern) => pattern.test(name)) ? undefined : `module-import ${request}`;
}

/** Of the packages in the bundle, as they ask for. */
function licencesOf(files) {
  const folders = files.flatMap((file) => /^.*node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+/.exec(file)?.[0] ?? []);
  return [...new Set(folders)].sort().map(licenceOf).join('\n');
}

function licenceOf(folder) {
  const { license, name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8');
  return `${name} ${version} (${license})\n\n${text}\n${'-'.repeat(80)}\n`;
}
