/** Finds the compiled entry files of the training process and the inference thread. Node can't run the TypeScript
 *  sources that Jest runs, so both always start from dist/. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Path of dist/students/<name>.js. Throws when it was not built. */
export function distEntry(name: string): string {
  const entry = join(packageRoot(), 'dist', 'students', `${name}.js`);
  if (!existsSync(entry)) throw new Error(`${entry} is missing: run "npm run build"`);
  return entry;
}

function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isPackageRoot(folder)) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json of tutelage above ${import.meta.url}: install it again`);
    folder = parent;
  }
  return folder;
}

function isPackageRoot(folder: string): boolean {
  const file = join(folder, 'package.json');
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'tutelage';
}
