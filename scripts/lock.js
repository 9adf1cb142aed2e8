/** Finishes npm-shrinkwrap.json after `npm install` or `npm shrinkwrap` wrote it. Run: node scripts/lock.js
 *  - onnxruntime-node's install script is left out: it downloads CUDA libraries, which nothing here uses, and fails where
 *    it can't. The library for the CPU is in the package.
 *  - Packages for other platforms that the registry at hand doesn't carry are named by version, or `npm ci` of npm 11
 *    refuses the file, and other platforms could not install from it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const lockFile = fileURLToPath(new URL('../npm-shrinkwrap.json', import.meta.url));

const PLATFORM =
  /[-/](android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|ia32|loong64|ppc64|riscv64|s390x|x64)(?:-(eabi|gnueabihf|musleabihf|gnu|musl|msvc))?$/;
const LIBC = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' };

/** The finished lock file; finishing it again changes nothing. */
export function finishLock(lock) {
  const packages = { ...lock.packages };
  const onnxruntime = { ...packages['node_modules/onnxruntime-node'] };
  delete onnxruntime.hasInstallScript;
  packages['node_modules/onnxruntime-node'] = onnxruntime;
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (!isLocked(lock.packages, path, name)) {
        packages[`node_modules/${name}`] = platformEntry(name, version, entry.dev === true);
      }
    }
  }
  const sorted = Object.entries(packages).sort(([one], [other]) => (one < other ? -1 : 1));
  return { ...lock, packages: Object.fromEntries(sorted) };
}

/** A package finds its dependencies in its own node_modules and in those of the folders above it. */
function isLocked(packages, path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in packages) return true;
    if (folder === '') return false;
  }
}

function platformEntry(name, version, dev) {
  const [, os, cpu, abi] = PLATFORM.exec(name) ?? [];
  if (os === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(`${name}@${version} is missing in the lock file, and its name doesn't tell the platform`);
  }
  const libc = LIBC[abi];
  return { version, cpu: [cpu], ...(dev ? { dev } : {}), ...(libc ? { libc: [libc] } : {}), optional: true, os: [os] };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const finished = finishLock(JSON.parse(readFileSync(lockFile, 'utf8')));
  writeFileSync(lockFile, `${JSON.stringify(finished, null, 2)}\n`);
}
