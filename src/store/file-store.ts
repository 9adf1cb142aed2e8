/** The store on a file system: one machine, or a mount that all machines share.
 *  Files appear by rename or link, so a reader never sees half of one, and a killed writer leaves only a file under .tmp/. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ArtifactRef, StoreRef } from '../contracts/index.js';
import { FileJournal } from './file-journal.js';
import { FileWriter } from './file-writer.js';
import { splitLines } from './lines.js';
import {
  type ArtifactWriter,
  type Journal,
  type Leftover,
  MissingArtifactError,
  type Store,
  StoreAddressError,
  type StoredFile,
  StoreNotMadeError,
  writeWhole,
} from './store.js';
import { pathNames } from './store-path.js';
import { saveVerified, verified } from './verified.js';

const IDENTITY_FILE = 'store.json';
const TEMPORARY_FOLDER = '.tmp';
/** Where the place is at fault, not the disk. */
const NO_PLACE = new Set(['EACCES', 'EEXIST', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS']);

/** The folder that a path or a file:// URI means. Throws StoreAddressError. */
export function storeFolder(location: string): string {
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(location)) return resolve(location);
  try {
    // One spelling, however many slashes it ends in.
    return resolve(fileURLToPath(location));
  } catch (cause) {
    throw new StoreAddressError(
      `store: ${location} can't be used; give a folder, file:///absolute/folder or s3://BUCKET/PREFIX`,
      { cause },
    );
  }
}

/** Opens the store in a folder, making it if there is none. Throws when the folder can't be written. */
export async function openFileStore(location: string): Promise<Store> {
  const folder = storeFolder(location);
  const uri = pathToFileURL(folder).href;
  if ((await storeId(folder)) === null) {
    await mkdir(join(folder, TEMPORARY_FOLDER), { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
      throw NO_PLACE.has(cause.code ?? '') ? new StoreNotMadeError(location, { cause }) : cause;
    });
    const identity = { id: randomUUID(), layout: 1, createdAt: new Date().toISOString() };
    // Of two processes that make it at once, one wins; both use what stands there.
    await new FileStore(folder, { uri, id: identity.id }).writeOnce(IDENTITY_FILE, JSON.stringify(identity));
  }
  const id = await storeId(folder);
  if (id === null) throw new MissingArtifactError(IDENTITY_FILE);
  return new FileStore(folder, { uri, id });
}

/** The id of the store in a folder; null: there is none. */
export async function storeId(folder: string): Promise<string | null> {
  try {
    const identity: { id: string } = JSON.parse(await readFile(join(folder, IDENTITY_FILE), 'utf8'));
    return identity.id;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

class FileStore implements Store {
  constructor(
    private readonly folder: string,
    readonly ref: StoreRef,
  ) {}

  async read(path: string): Promise<Uint8Array> {
    return readFile(this.locate(path)).catch((error) => {
      throw missing(error, path);
    });
  }

  async readRef(ref: ArtifactRef): Promise<Uint8Array> {
    return verified(await this.read(ref.path), ref);
  }

  async *lines(path: string): AsyncIterable<string> {
    yield* splitLines(this.bytes(path));
  }

  async exists(path: string): Promise<boolean> {
    try {
      await stat(this.locate(path));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async write(path: string, data: string | Uint8Array): Promise<ArtifactRef> {
    return writeWhole(await this.writer(path), data);
  }

  async writeOnce(path: string, data: string | Uint8Array): Promise<boolean> {
    const target = this.locate(path);
    const temporary = this.temporaryFile();
    try {
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(data);
        await file.datasync();
      } finally {
        await file.close();
      }
      await mkdir(dirname(target), { recursive: true });
      await link(temporary, target);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      // A network file system that repeats a lost request finds its own link: then the file has two names.
      return (await stat(temporary)).nlink === 2;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async writer(path: string): Promise<ArtifactWriter> {
    return FileWriter.open({ path, target: this.locate(path), temporary: this.temporaryFile() });
  }

  async journal(path: string): Promise<Journal> {
    const target = this.locate(path);
    await mkdir(dirname(target), { recursive: true });
    return FileJournal.open(target);
  }

  async list(folder: string): Promise<string[]> {
    const entries = await readdir(this.locate(folder), { recursive: true, withFileTypes: true }).catch(noEntries);
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((path) => !path.startsWith(`${TEMPORARY_FOLDER}/`))
      .sort();
  }

  async *files(folder: string): AsyncIterable<StoredFile> {
    const names = await readdir(this.locate(folder), { withFileTypes: true }).catch(noEntries);
    for (const entry of names) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (path === TEMPORARY_FOLDER) continue;
      if (entry.isDirectory()) yield* this.files(path);
      const found = entry.isFile() ? await stat(this.locate(path)).catch(noEntry) : null;
      if (found !== null) yield { path, bytes: found.size, modifiedAt: found.mtime };
    }
  }

  async *leftovers(before: Date): AsyncIterable<Leftover> {
    for (const name of await readdir(join(this.folder, TEMPORARY_FOLDER)).catch(noEntries)) {
      const file = join(this.folder, TEMPORARY_FOLDER, name);
      const found = await stat(file).catch(noEntry);
      if (found !== null && found.mtime < before) yield { bytes: found.size, remove: () => rm(file, { force: true }) };
    }
  }

  async names(folder: string): Promise<string[]> {
    const names = await readdir(this.locate(folder)).catch(noEntries);
    return names.filter((name) => folder !== '' || name !== TEMPORARY_FOLDER).sort();
  }

  async download(ref: ArtifactRef, localPath: string): Promise<void> {
    await saveVerified(this.bytes(ref.path), ref, localPath);
  }

  async remove(path: string): Promise<void> {
    await unlink(this.locate(path)).catch((error) => {
      if (!isMissing(error)) throw error;
    });
  }

  private async *bytes(path: string): AsyncGenerator<Uint8Array> {
    const stream = createReadStream(this.locate(path));
    try {
      yield* stream as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw missing(error, path);
    } finally {
      stream.destroy();
    }
  }

  private locate(path: string): string {
    return join(this.folder, ...pathNames(path));
  }

  private temporaryFile(): string {
    return join(this.folder, TEMPORARY_FOLDER, randomUUID());
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function missing(error: unknown, path: string): unknown {
  return isMissing(error) ? new MissingArtifactError(path) : error;
}

function noEntry(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

function noEntries(error: unknown): [] {
  if (isMissing(error)) return [];
  throw error;
}
