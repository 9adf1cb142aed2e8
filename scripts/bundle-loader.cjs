/** What a module must be told where it stands in the bundle instead of its own file. Throws where a package of the Temporal SDK is
 *  no longer written as it was. */
const { relative, sep } = require('node:path');

/** Files of the SDK: what stands there, and what is to stand there, in the bundle. */
const IN_SDK = {
  // Ours is the only one, and a second instance of the SDK would be loaded with the file.
  'common/lib/internal-non-workflow/data-converter-helpers.js': [
    'require(path)',
    (dist) => `require(${JSON.stringify(`${dist}/temporal/failure-converter.js`)})`,
  ],
  'worker/lib/workflow/threaded-vm.js': [
    "require.resolve('./workflow-worker-thread')",
    () => "__non_webpack_require__.resolve('./workflow-thread.mjs')",
  ],
  // Modules for bundling workflows, which the build has done.
  'worker/lib/workflow/bundler.js': ['require.resolve(', () => 'String('],
  // The native library stays where it is.
  'core-bridge/common.js': [
    '__dirname',
    () => "path.dirname(__non_webpack_require__.resolve('@temporalio/core-bridge/package.json'))",
  ],
  'core-bridge/index.js': ['require(nativeLibPath)', () => '__non_webpack_require__(nativeLibPath)'],
};

module.exports = function adapt(source) {
  const { dist } = this.getOptions();
  const file = this.resourcePath;
  if (file.startsWith(`${dist}${sep}`)) {
    const place = `../${relative(dist, file).split(sep).join('/')}`;
    return source.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`);
  }
  const inSdk = file.split(sep).join('/').split('/node_modules/@temporalio/').at(-1);
  if (!Object.hasOwn(IN_SDK, inSdk)) return source;
  const [before, after] = IN_SDK[inSdk];
  if (!source.includes(before)) throw new Error(`${file} holds no ${before}`);
  return source.replaceAll(before, after(dist));
};
