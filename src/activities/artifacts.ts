/** Reading what earlier stages left in the store. */
import type { ZodType } from 'zod';
import { type ArtifactRef, LabelRow, Manifest, type PreparedRun, Task } from '../contracts/index.js';
import type { Store } from '../store/index.js';

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
