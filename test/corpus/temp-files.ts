/** A folder for the files of one test file, removed after it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const folder = mkdtempSync(join(tmpdir(), 'tutelage-corpus-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/** Writes a file of its own name and gives its path. */
export function tempFile(extension: string, content: string | Uint8Array): string {
  const path = join(folder, `${files++}${extension}`);
  writeFileSync(path, content);
  return path;
}

export function jsonl(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
