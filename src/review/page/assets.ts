/** What the browser runs and shows, in memory. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const TYPES = {
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

export interface Assets {
  /** Part of their addresses: another one with other contents. */
  readonly version: string;
  readonly files: ReadonlyMap<string, { readonly body: string; readonly type: string }>;
}

/** folder: with the bundle that the build makes. */
export function readAssets(folder: string): Assets {
  const files = new Map(
    Object.entries(TYPES).map(([name, type]) => [name, { body: readFileSync(join(folder, name), 'utf8'), type }]),
  );
  const hash = createHash('sha256');
  for (const { body } of files.values()) hash.update(body).update('\0');
  return { version: hash.digest('hex').slice(0, 16), files };
}
