/** Files on this machine that a path names: a file, the data files of a folder, those that match a glob. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isReadable } from './file-format.js';
import { globExpression, globFolder, isGlob } from './glob.js';

export interface LocalFiles {
  /** In the order of their paths, by UTF-16 code units. */
  paths: string[];
  /** Files of folders that are no data files: hidden ones, and those of an extension without a reader. */
  passedOver: number;
}

/** A path that nothing stands at comes back as it is: whoever reads it says so. */
export async function localFiles(path: string): Promise<LocalFiles> {
  const kind = await kindOf(path);
  if (kind === 'folder') return dataFiles(await filesBelow(path, Number.POSITIVE_INFINITY));
  if (kind === 'other' || !isGlob(path)) return { paths: [path], passedOver: 0 };
  const pattern = resolve(path);
  const folder = globFolder(pattern) || '/';
  const deep = pattern.includes('**') ? Number.POSITIVE_INFINITY : pattern.split('/').length - folder.split('/').length;
  const matches = globExpression(pattern);
  const found = (await kindOf(folder)) === 'folder' ? await filesBelow(folder, deep) : [];
  return dataFiles(found.filter((file) => matches.test(file)));
}

/** What stands at both ends of a link is one file. A path that nothing can be found at is its own. */
export async function identityOf(path: string): Promise<string> {
  return realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (NOTHING_THERE.has(error.code)) return resolve(path);
    throw error;
  });
}

/** Links that lead to themselves, and names that no file can have, among them. */
const NOTHING_THERE: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

function dataFiles(files: readonly string[]): LocalFiles {
  const paths = files.filter((file) => isReadable(file) && !isHidden(file.slice(file.lastIndexOf('/') + 1))).sort();
  return { paths, passedOver: files.length - paths.length };
}

async function filesBelow(folder: string, depth: number, seen = new Set<string>()): Promise<string[]> {
  const identity = await identityOf(folder);
  // A link may lead back to a folder that it stands in.
  if (seen.has(identity)) return [];
  seen.add(identity);
  const files: string[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    // What is listed and not there is a link that leads nowhere: whoever reads it says so.
    if ((await kindOf(path)) !== 'folder') files.push(path);
    else if (depth > 1 && !isHidden(name)) {
      // One by one: there may be more than a call takes arguments.
      for (const file of await filesBelow(path, depth - 1, seen)) files.push(file);
    }
  }
  return files;
}

/** Other programs keep their own notes in such files: .DS_Store, _SUCCESS. */
function isHidden(name: string): boolean {
  return name.startsWith('.') || name.startsWith('_');
}

async function kindOf(path: string): Promise<'folder' | 'other' | null> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if (NOTHING_THERE.has((error as NodeJS.ErrnoException).code)) return null;
    throw error;
  }
}
