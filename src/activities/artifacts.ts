/** Reading what earlier stages left in the store. */
import type { ZodType } from 'zod';
import { type ArtifactRef, LabelRow, Manifest, type PreparedRun, Task } from '../contracts/index.js';
import { MissingArtifactError, type Store } from '../store/index.js';
import { InvalidInputError } from './failures.js';

export function taskPath(runFolder: string): string {
  return `${runFolder}/prepare/task.json`;
}

export function manifestPath(runFolder: string): string {
  return `${runFolder}/prepare/manifest.json`;
}

export function controlPath(runFolder: string): string {
  return `${runFolder}/control.json`;
}

export function outcomePath(runFolder: string): string {
  return `${runFolder}/outcome.json`;
}

/** A file of the store that a user named as store:PATH. Throws InvalidInputError where there is none: to look again would
 *  only keep the user waiting. field: where it was named. */
export async function readGiven(store: Store, path: string, field: string): Promise<Uint8Array> {
  try {
    return await store.read(path);
  } catch (error) {
    if (!(error instanceof MissingArtifactError || error instanceof RangeError)) throw error;
    throw new InvalidInputError(
      `${field} (store:${path}): ${error.message}. Name a file by its path in the store ${store.ref.uri}.`,
    );
  }
}

export function readTask(store: Store, { run }: PreparedRun): Promise<Task> {
  return readJson(store, taskPath(run.folder), Task);
}

/** The manifest that was read last: each chunk of a run needs it, and it is long. Once a run is prepared it does not change. */
let last: { readonly of: string; readonly manifest: Promise<Manifest> } | null = null;

export function readManifest(store: Store, { run }: PreparedRun): Promise<Manifest> {
  const of = `${store.ref.id} ${run.folder}`;
  if (last?.of === of) return last.manifest;
  const manifest = readJson(store, manifestPath(run.folder), Manifest);
  last = { of, manifest };
  manifest.catch(() => {
    if (last?.manifest === manifest) last = null;
  });
  return manifest;
}

export async function* readLabels(store: Store, labels: Pick<ArtifactRef, 'path'>): AsyncIterable<LabelRow> {
  for await (const line of store.lines(labels.path)) yield LabelRow.parse(JSON.parse(line));
}

async function readJson<Value>(store: Store, path: string, schema: ZodType<Value>): Promise<Value> {
  return schema.parse(JSON.parse(Buffer.from(await store.read(path)).toString('utf8')));
}
