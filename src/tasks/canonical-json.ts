/** One spelling of a JSON value, for hashing. */

/** JSON with the keys of objects sorted by UTF-16 code units, without white space. Keys whose value is undefined are left
 *  out. Throws TypeError on what JSON can't hold (NaN, functions). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(',')}}`;
  }
  const json = typeof value === 'number' && !Number.isFinite(value) ? undefined : JSON.stringify(value);
  if (json === undefined) throw new TypeError(`JSON can't hold ${String(value)}`);
  return json;
}
