/** The store on a file system: one machine, or a mount that all machines share.
 *  Files appear by rename or link, so a reader never sees half of one, and a killed writer leaves only a file under .tmp/. */
import { createHash, type Hash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ArtifactRef, StoreRef } from '../contracts/index.js';
import { FileJournal } from './file-journal.js';
import { splitLines } from './lines.js';
import { type ArtifactWriter, DamagedArtifactError, type Journal, MissingArtifactError, type Store } from './store.js';

export const IDENTITY_FILE = 'store.json';

/** Opens the store in a folder, making it if there is none. Throws when the folder can't be written. */
export async function openFileStore(location: string): Promise<Store> {
  const folder = location.startsWith('file://') ? fileURLToPath(location) : resolve(location);
  await mkdir(join(folder, '.tmp'), { recursive: true });
  const store = new FileStore(folder, { uri: pathToFileURL(folder).href, id: '' });
  await store.writeOnce(
    IDENTITY_FILE,
    JSON.stringify({ id: randomUUID(), layout: 1, createdAt: new Date().toISOString() }),
  );
  const identity: { id: string } = JSON.parse(Buffer.from(await store.read(IDENTITY_FILE)).toString('utf8'));
  return new FileStore(folder, { uri: store.ref.uri, id: identity.id });
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
    const bytes = await this.read(ref.path);
    if (createHash('sha256').update(bytes).digest('hex') !== ref.sha256) throw new DamagedArtifactError(ref.path);
    return bytes;
  }

  async *lines(path: string): AsyncIterable<string> {
    const stream = createReadStream(this.locate(path));
    try {
      yield* splitLines(stream);
    } catch (error) {
      throw missing(error, path);
    } finally {
      stream.destroy();
    }
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
    const writer = await this.writer(path);
    try {
      await writer.write(data);
      return await writer.finish();
    } finally {
      await writer.abort();
    }
  }

  async writeOnce(path: string, data: string | Uint8Array): Promise<boolean> {
    const target = this.locate(path);
    const temporary = await this.temporaryFile();
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
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async writer(path: string): Promise<ArtifactWriter> {
    const temporary = await this.temporaryFile();
    return new FileWriter(await open(temporary, 'wx'), temporary, this.locate(path), path);
  }

  async journal(path: string): Promise<Journal> {
    const target = this.locate(path);
    await mkdir(dirname(target), { recursive: true });
    return FileJournal.open(target);
  }

  async list(folder: string): Promise<string[]> {
    const found: string[] = [];
    const entries = await readdir(this.locate(folder), { recursive: true, withFileTypes: true }).catch(noEntries);
    const prefix = folder === '' ? '' : `${folder}/`;
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const inside = join(entry.parentPath, entry.name).slice(this.locate(folder).length + 1);
      const path = `${prefix}${inside.replaceAll('\\', '/')}`;
      if (!path.startsWith('.tmp/')) found.push(path);
    }
    return found.sort();
  }

  async names(folder: string): Promise<string[]> {
    const entries = await readdir(this.locate(folder), { withFileTypes: true }).catch(noEntries);
    return entries.map((entry) => entry.name).sort();
  }

  async download(ref: ArtifactRef, localPath: string): Promise<void> {
    const hash = createHash('sha256');
    const partial = `${localPath}.${randomUUID()}.part`;
    await mkdir(dirname(localPath), { recursive: true });
    const file = await open(partial, 'wx');
    try {
      for await (const piece of createReadStream(this.locate(ref.path)) as AsyncIterable<Uint8Array>) {
        hash.update(piece);
        await file.writeFile(piece);
      }
      await file.close();
      if (hash.digest('hex') !== ref.sha256) throw new DamagedArtifactError(ref.path);
      await rename(partial, localPath);
    } catch (error) {
      await file.close();
      await rm(partial, { force: true });
      throw missing(error, ref.path);
    }
  }

  async remove(path: string): Promise<void> {
    await unlink(this.locate(path)).catch((error) => {
      if (!isMissing(error)) throw error;
    });
  }

  private locate(path: string): string {
    if (path.split('/').some((part) => part === '..' || part === '.') || path.startsWith('/')) {
      throw new RangeError(`"${path}" is not a path inside the store`);
    }
    return join(this.folder, path);
  }

  private async temporaryFile(): Promise<string> {
    return join(this.folder, '.tmp', randomUUID());
  }
}

class FileWriter implements ArtifactWriter {
  private readonly hash: Hash = createHash('sha256');
  private bytes = 0;
  private open = true;

  constructor(
    private readonly file: FileHandle,
    private readonly temporary: string,
    private readonly target: string,
    private readonly path: string,
  ) {}

  async write(chunk: string | Uint8Array): Promise<void> {
    const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.hash.update(data);
    this.bytes += data.byteLength;
    await this.file.writeFile(data);
  }

  async finish(): Promise<ArtifactRef> {
    await this.file.datasync();
    await this.file.close();
    await mkdir(dirname(this.target), { recursive: true });
    await rename(this.temporary, this.target);
    this.open = false;
    return { path: this.path, sha256: this.hash.digest('hex'), bytes: this.bytes };
  }

  async abort(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.file.close();
    await rm(this.temporary, { force: true });
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function missing(error: unknown, path: string): unknown {
  return isMissing(error) ? new MissingArtifactError(path) : error;
}

function noEntries(error: unknown): [] {
  if (isMissing(error)) return [];
  throw error;
}
