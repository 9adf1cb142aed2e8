/** npm run bench -- NAME [ARGUMENTS]: builds, then runs bench/NAME/index.js, which prints a table and, last, one JSON line. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from './build.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [name, ...args] = process.argv.slice(2);
const file = join(root, 'bench', name ?? '', 'index.js');

try {
  if (name === undefined || !existsSync(file)) {
    throw new Error(`which one? ${readdirSync(join(root, 'bench')).join(', ')}`);
  }
  await build();
  const { bench } = await import(pathToFileURL(file).href);
  await bench(args);
} catch (error) {
  console.error(`npm run bench: ${error.stack}`);
  process.exitCode = 1;
}
