/** What a module must be told where it stands in the bundle instead of its own file. Throws where a package of the Temporal SDK is
 *  no longer written as it was. */
const { basename, relative, sep } = require('node:path');

/** In files of the SDK: what stands there, and what is to stand there, for the bundle's files. */
const IN_SDK = {
  // Ours is the only one, and a second instance of the SDK would be loaded with the file.
  'data-converter-helpers.js': [
    'require(path)',
    (dist) => `require(${JSON.stringify(`${dist}/temporal/failure-converter.js`)})`,
  ],
  'threaded-vm.js': [
    "require.resolve('./workflow-worker-thread')",
    () => "__non_webpack_require__.resolve('./workflow-thread.mjs')",
  ],
  // Modules for bundling workflows, which the build has done.
  'bundler.js': ['require.resolve(', () => 'String('],
};

module.exports = function adapt(source) {
  const { dist } = this.getOptions();
  const file = this.resourcePath;
  if (file.startsWith(`${dist}${sep}`)) {
    const place = `../${relative(dist, file).split(sep).join('/')}`;
    return source.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`);
  }
  if (!file.includes(`${sep}@temporalio${sep}`) || !(basename(file) in IN_SDK)) return source;
  const [before, after] = IN_SDK[basename(file)];
  if (!source.includes(before)) throw new Error(`${file} holds no ${before}`);
  return source.replaceAll(before, after(dist));
};
