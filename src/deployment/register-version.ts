/** Adding a student to the registry. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ArtifactRef, ModelVersion } from '../contracts/index.js';
import { MissingArtifactError, type Store } from '../store/index.js';
import { claimFile, studentFolder, versionFile } from './layout.js';

export interface NewVersion extends Omit<ModelVersion, 'version' | 'createdAt' | 'files'> {
  /** The student's files in the store. They keep their places below the folder that they share. */
  readonly files: readonly ArtifactRef[];
  /** The model card, beside the student's files. It tells how long training took, so it says nothing about which student this is. */
  readonly card?: ArtifactRef;
}

/** Copies the files into a version of their own and returns it. Two runs never share a number. The same workflow with the
 *  same files gets the version that it got before, also when the first attempt died half-way. */
export async function registerVersion(
  store: Store,
  { card, files, ...version }: NewVersion,
  now: () => Date = () => new Date(),
): Promise<ModelVersion> {
  const named = nameFiles(card === undefined ? files : [...files, card]);
  const own = named.filter(({ ref }) => ref !== card);
  const claim = JSON.stringify({ workflowId: version.provenance.workflowId, files: digestFiles(own) });
  const number = await claimNumber(store, version.task, claim);
  const path = versionFile(version.task, number);
  if (!(await store.exists(path))) {
    const copies = [];
    for (const { name, ref } of named) {
      copies.push(await copy(store, ref, `${studentFolder(version.task, number)}/${name}`));
    }
    const created: ModelVersion = { ...version, version: number, createdAt: now().toISOString(), files: copies };
    await store.writeOnce(path, `${JSON.stringify(ModelVersion.parse(created), null, 2)}\n`);
  }
  return ModelVersion.parse(JSON.parse(Buffer.from(await store.read(path)).toString('utf8')));
}

/** The number that carries this claim, or the first free one, claimed. */
async function claimNumber(store: Store, task: string, claim: string): Promise<number> {
  for (let number = 1; ; number++) {
    const path = claimFile(task, number);
    let holder = await readClaim(store, path);
    if (holder === null) {
      await store.writeOnce(path, claim);
      holder = await readClaim(store, path);
    }
    if (holder === claim) return number;
  }
}

async function readClaim(store: Store, path: string): Promise<string | null> {
  try {
    return Buffer.from(await store.read(path)).toString('utf8');
  } catch (error) {
    if (error instanceof MissingArtifactError) return null;
    throw error;
  }
}

interface NamedFile {
  /** Path inside the student's folder, with "/" between folders: model.onnx. */
  readonly name: string;
  readonly ref: ArtifactRef;
}

function nameFiles(files: readonly ArtifactRef[]): NamedFile[] {
  const [first = [], ...others] = files.map(({ path }) => path.split('/').slice(0, -1));
  const differs = first.findIndex((part, depth) => others.some((folder) => folder[depth] !== part));
  const depth = differs === -1 ? first.length : differs;
  return files.map((ref) => ({ name: ref.path.split('/').slice(depth).join('/'), ref }));
}

/** SHA-256 over the sorted names and digests, hex. */
function digestFiles(files: readonly NamedFile[]): string {
  const lines = files.map(({ name, ref }) => `${name}\0${ref.sha256}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/** By way of a local file: the store streams out only into files. */
async function copy(store: Store, ref: ArtifactRef, path: string): Promise<ArtifactRef> {
  const folder = await mkdtemp(join(tmpdir(), 'tutelage-register-'));
  try {
    const local = join(folder, 'file');
    await store.download(ref, local);
    return await upload(store, local, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function upload(store: Store, localPath: string, path: string): Promise<ArtifactRef> {
  const writer = await store.writer(path);
  try {
    for await (const piece of createReadStream(localPath)) await writer.write(piece);
    return await writer.finish();
  } finally {
    await writer.abort();
  }
}
