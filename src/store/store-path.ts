/** Paths inside a store: names with "/" between them. */

/** Returns the path's names; none for '', the store's own folder. Throws RangeError for a path that leaves the store or has
 *  two spellings. */
export function pathNames(path: string): string[] {
  const names = path === '' ? [] : path.split('/');
  if (path.includes('\\') || names.some((name) => name === '' || name === '.' || name === '..')) {
    throw new RangeError(`"${path}" is not a path inside the store: names with "/" between them, such as runs/x.json`);
  }
  return names;
}
