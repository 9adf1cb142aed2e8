/** What of a store may go. A run stays while it is open (without an outcome, where no server knows better), for some time after its end, and for ever where a registered model was
 *  made from its labels; replies stay as long as a run that stays asks or uses them, and for some time after they came. */
import { z } from 'zod';
import { ChunkEntry, type RetentionPolicy, RunOutcome } from '../contracts/index.js';
import { listTasks, listVersions } from '../deployment/index.js';
import { MissingArtifactError, type Store, type StoredFile } from '../store/index.js';
import { chunkFolders, runDigest, sealsOf } from '../teachers/index.js';
import type { StateOnServer } from './runs-on-server.js';

/** A folder of which files may go. */
export interface Outdated {
  readonly kind: 'run' | 'replies' | 'classification';
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
}

export interface Retention {
  readonly outdated: readonly Outdated[];
  /** Files that writers left half-written. */
  readonly leftovers: { readonly files: number; readonly bytes: number };
  /** Runs that stay, by why. */
  readonly kept: { readonly open: number; readonly registered: number; readonly recent: number };
}

/** Of what a run leaves no more is read than is needed: earlier versions may have written it. */
const EndOfRun = RunOutcome.pick({ endedAt: true });
const ReuseOfRun = z.object({ chunks: z.array(ChunkEntry.pick({ reuse: true })) });

type Reason = keyof Retention['kept'];

const DAY_MS = 86_400_000;
/** A file is written in less. */
const LEFTOVER_AFTER_DAYS = 1;
const REMOVED_AT_ONCE = 16;
const RUN_OF_FILE = /^runs\/[^/]+\/[^/]+(?=\/)/;
/** Of a run that goes: how it ended, what was asked, and what people decided. They are small. */
const STAYS_OF_RUN =
  /^runs\/[^/]+\/[^/]+\/(outcome\.json|prepare\/task\.json|review\/(decisions|opinions|revisions)\/.*)$/;

/** onServer: what a Temporal server knows of the runs, where one was asked. */
export async function judgeRetention(
  store: Store,
  policy: RetentionPolicy,
  now: Date,
  onServer: StateOnServer = () => null,
): Promise<Retention> {
  const before = new Date(now.getTime() - policy.keepDays * DAY_MS);
  const registered = await runsOfModels(store);
  const kept = { open: 0, registered: 0, recent: 0 };
  const outdated: Outdated[] = [];
  const digestsKept = new Set<string>();
  const repliesKept = new Set<string>();
  const addIfOld = async (kind: Outdated['kind'], folder: string) => {
    const files = await collect(store.files(folder));
    if (files.every(({ modifiedAt }) => modifiedAt < before)) await addIfAny(outdated, kind, folder, files);
  };
  for (const folder of await foldersIn(store, 'runs')) {
    const reason = registered.has(folder)
      ? 'registered'
      : whyKept(await endOf(store, folder, { abandonedDays: policy.abandonedDays, now, onServer }), before);
    if (reason === null) {
      await addIfAny(outdated, 'run', folder, outdatedFiles(store, folder));
      continue;
    }
    kept[reason]++;
    for (const asking of [folder, ...(await revisionFolders(store, folder))]) {
      digestsKept.add(runDigest(asking));
      for (const reused of await reusedBy(store, asking)) repliesKept.add(reused);
    }
  }
  for (const { folder, run } of await chunkFolders(store)) {
    if (digestsKept.has(run) || repliesKept.has(folder)) continue;
    await addIfOld('replies', folder);
  }
  for (const folder of await foldersIn(store, 'classifications')) await addIfOld('classification', folder);
  const leftovers = { files: 0, bytes: 0 };
  for await (const { bytes } of store.leftovers(leftoversBefore(now))) {
    leftovers.files++;
    leftovers.bytes += bytes;
  }
  return { outdated, leftovers, kept };
}

/** Removes what judgeRetention found. */
export async function removeOutdated(store: Store, { outdated }: Retention, now: Date): Promise<void> {
  for (const { folder, kind } of outdated) {
    // Without its seals a chunk is one that was never finished: nobody looks for the replies that they name.
    if (kind === 'replies') for (const seal of await sealsOf(store, folder)) await store.remove(seal);
    const removing = new Set<Promise<void>>();
    for await (const { path } of outdatedFiles(store, folder)) {
      const removal: Promise<void> = store.remove(path).then(() => {
        removing.delete(removal);
      });
      // One that fails stays, for whoever awaits it.
      removal.catch(() => {});
      removing.add(removal);
      if (removing.size >= REMOVED_AT_ONCE) await Promise.race(removing);
    }
    await Promise.all(removing);
  }
  for await (const leftover of store.leftovers(leftoversBefore(now))) await leftover.remove();
}

function leftoversBefore(now: Date): Date {
  return new Date(now.getTime() - LEFTOVER_AFTER_DAYS * DAY_MS);
}

async function* outdatedFiles(store: Store, folder: string): AsyncGenerator<StoredFile> {
  for await (const file of store.files(folder)) if (!STAYS_OF_RUN.test(file.path)) yield file;
}

async function addIfAny(
  outdated: Outdated[],
  kind: Outdated['kind'],
  folder: string,
  found: AsyncIterable<StoredFile> | readonly StoredFile[],
): Promise<void> {
  let [files, bytes] = [0, 0];
  for await (const file of found) {
    files++;
    bytes += file.bytes;
  }
  if (files > 0) outdated.push({ kind, folder, files, bytes });
}

/** Folders of the runs that registered models were made by. */
async function runsOfModels(store: Store): Promise<Set<string>> {
  const folders = new Set<string>();
  for (const task of await listTasks(store)) {
    for (const { provenance } of await listVersions(store, task)) {
      const folder = RUN_OF_FILE.exec(provenance.labels.path)?.[0];
      if (folder !== undefined) folders.add(folder);
    }
  }
  return folders;
}

/** Of each workflow those of its executions. */
async function foldersIn(store: Store, kind: 'runs' | 'classifications'): Promise<string[]> {
  const folders: string[] = [];
  for (const workflow of await store.names(kind)) {
    for (const run of await store.names(`${kind}/${workflow}`)) folders.push(`${kind}/${workflow}/${run}`);
  }
  return folders;
}

/** Each asks about chunks of its own. */
async function revisionFolders(store: Store, folder: string): Promise<string[]> {
  return (await store.names(`${folder}/revisions`)).map((name) => `${folder}/revisions/${name}`);
}

/** null: it may go. */
function whyKept(end: Date | null, before: Date): Reason | null {
  if (end === null) return 'open';
  return end < before ? null : 'recent';
}

/** null: the run is open, or may be. */
async function endOf(
  store: Store,
  folder: string,
  { abandonedDays, now, onServer }: { abandonedDays: number | null; now: Date; onServer: StateOnServer },
): Promise<Date | null> {
  const known = onServer(folder);
  // A run that was reset has the outcome of its former end.
  if (known === 'open') return null;
  const outcome = await readJson(store, `${folder}/outcome.json`);
  if (outcome !== null) return new Date(EndOfRun.parse(outcome).endedAt);
  if (known !== null) return known;
  if (abandonedDays === null) return null;
  const files = await collect(store.files(folder));
  const last = new Date(Math.max(...files.map(({ modifiedAt }) => modifiedAt.getTime())));
  return last.getTime() < now.getTime() - abandonedDays * DAY_MS ? last : null;
}

/** Folders of replies of earlier runs that the run uses. */
async function reusedBy(store: Store, folder: string): Promise<string[]> {
  const manifest = await readJson(store, `${folder}/prepare/manifest.json`);
  return manifest === null ? [] : ReuseOfRun.parse(manifest).chunks.flatMap(({ reuse }) => reuse);
}

async function readJson(store: Store, path: string): Promise<unknown> {
  try {
    return JSON.parse(Buffer.from(await store.read(path)).toString('utf8'));
  } catch (error) {
    if (error instanceof MissingArtifactError) return null;
    throw error;
  }
}

async function collect(files: AsyncIterable<StoredFile>): Promise<StoredFile[]> {
  const all: StoredFile[] = [];
  for await (const file of files) all.push(file);
  return all;
}
