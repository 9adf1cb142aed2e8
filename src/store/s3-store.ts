/** The store in a bucket of an S3 server, below a prefix. Objects appear whole; what must be written once goes by conditional
 *  puts (If-None-Match), which the server has to know. */
import { randomUUID } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { type ArtifactRef, parseOrExplain, S3JournalSettings, type StoreRef } from '../contracts/index.js';
import { splitLines } from './lines.js';
import type { S3Address } from './s3-address.js';
import { S3Bucket } from './s3-bucket.js';
import { createS3Client } from './s3-client.js';
import { isNoSuchKey } from './s3-error.js';
import { journalBytes, journalOfPart, partKey, partKeys, S3Journal } from './s3-journal.js';
import { S3Writer } from './s3-writer.js';
import {
  type ArtifactWriter,
  type Journal,
  type Leftover,
  MissingArtifactError,
  type Store,
  StoreAddressError,
  type StoredFile,
  writeWhole,
} from './store.js';
import { pathNames } from './store-path.js';
import { saveVerified, verified } from './verified.js';

const IDENTITY_FILE = 'store.json';

/** Opens the store at the address, making it if there is none. Throws S3Error; StoreAddressError where the server does not
 *  know conditional puts. */
export async function openS3Store(address: S3Address, env: NodeJS.ProcessEnv): Promise<Store> {
  const bucket = bucketOf(address.bucket, env);
  const there = await idIn(bucket, address);
  const id = there ?? (await makeIdentity(bucket, address));
  return new S3Store(bucket, address.prefix, { uri: address.uri, id }, journalSettings(env));
}

/** The id of the store at the address; null: there is none. */
export async function s3StoreId(address: S3Address, env: NodeJS.ProcessEnv): Promise<string | null> {
  return idIn(bucketOf(address.bucket, env), address);
}

/** For files that are not a store's. */
export function bucketOf(name: string, env: NodeJS.ProcessEnv): S3Bucket {
  return new S3Bucket(clientOf(env), name);
}

/** Of an object that is not a store's. */
export function writerOf(bucket: string, key: string, env: NodeJS.ProcessEnv): ArtifactWriter {
  return new S3Writer(bucketOf(bucket, env), key, key);
}

const clients = new Map<string, S3Client>();

/** One client, and so one set of connections, for a server. */
function clientOf(env: NodeJS.ProcessEnv): S3Client {
  const server = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || '';
  let client = clients.get(server);
  if (client === undefined) {
    client = createS3Client(env);
    clients.set(server, client);
  }
  return client;
}

function journalSettings(env: NodeJS.ProcessEnv): S3JournalSettings {
  const given = Object.fromEntries(Object.keys(S3JournalSettings.shape).map((name) => [name, env[name] || undefined]));
  const settings = parseOrExplain(S3JournalSettings, given);
  if (settings.ok) return settings.value;
  throw new StoreAddressError(settings.problems);
}

async function idIn(bucket: S3Bucket, { prefix }: S3Address): Promise<string | null> {
  const bytes = await bucket.get(keyOf(prefix, IDENTITY_FILE));
  return bytes === null ? null : (JSON.parse(bytes.toString('utf8')) as { id: string }).id;
}

async function makeIdentity(bucket: S3Bucket, address: S3Address): Promise<string> {
  const key = keyOf(address.prefix, IDENTITY_FILE);
  const identity = { id: randomUUID(), layout: 1, createdAt: new Date().toISOString() };
  const json = Buffer.from(JSON.stringify(identity));
  // Of two processes that make it at once, one wins; both use what stands there.
  const isFirst = await bucket.putNew(key, json);
  // The same bytes again, so that nothing is lost where the server takes them.
  if (isFirst && (await bucket.putNew(key, json))) {
    throw new StoreAddressError(
      `store: the server of ${address.uri} ignores If-None-Match, without which two workers may own one chunk; use a newer one, or a folder`,
    );
  }
  const id = await idIn(bucket, address);
  if (id === null) throw new MissingArtifactError(IDENTITY_FILE);
  return id;
}

function keyOf(prefix: string, path: string): string {
  return [...(prefix === '' ? [] : [prefix]), ...pathNames(path)].join('/');
}

class S3Store implements Store {
  constructor(
    private readonly bucket: S3Bucket,
    private readonly prefix: string,
    readonly ref: StoreRef,
    private readonly journals: S3JournalSettings,
  ) {}

  async read(path: string): Promise<Uint8Array> {
    const key = keyOf(this.prefix, path);
    const whole = await this.bucket.get(key);
    if (whole !== null) return whole;
    const pieces: Uint8Array[] = [];
    // The first part is looked at before the parts are listed, which costs more: files that may be missing are asked for often.
    if ((await this.bucket.head(partKey(key, 1))) === null) throw new MissingArtifactError(path);
    for await (const part of journalBytes(this.bucket, await partKeys(this.bucket, key))) pieces.push(part);
    return Buffer.concat(pieces);
  }

  async readRef(ref: ArtifactRef): Promise<Uint8Array> {
    return verified(await this.read(ref.path), ref);
  }

  async *lines(path: string): AsyncIterable<string> {
    yield* splitLines(this.bytes(path));
  }

  async exists(path: string): Promise<boolean> {
    const key = keyOf(this.prefix, path);
    return (await this.bucket.head(key)) !== null || (await this.bucket.head(partKey(key, 1))) !== null;
  }

  async write(path: string, data: string | Uint8Array): Promise<ArtifactRef> {
    return writeWhole(await this.writer(path), data);
  }

  async writeOnce(path: string, data: string | Uint8Array): Promise<boolean> {
    return this.bucket.putNew(keyOf(this.prefix, path), Buffer.from(data as Uint8Array));
  }

  async writer(path: string): Promise<ArtifactWriter> {
    return new S3Writer(this.bucket, keyOf(this.prefix, path), path);
  }

  async journal(path: string): Promise<Journal> {
    return S3Journal.open(this.bucket, keyOf(this.prefix, path), this.journals);
  }

  async list(folder: string): Promise<string[]> {
    const prefix = this.folderPrefix(folder);
    const keys = new Set<string>();
    for await (const { key } of this.bucket.list(prefix)) keys.add(journalOfPart(key) ?? key);
    const start = this.prefix === '' ? 0 : this.prefix.length + 1;
    return [...keys]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(start))
      .sort();
  }

  async *files(folder: string): AsyncIterable<StoredFile> {
    const prefix = this.folderPrefix(folder);
    const start = this.prefix === '' ? 0 : this.prefix.length + 1;
    let last = null as StoredFile | null;
    for await (const { bytes, key, modifiedAt } of this.bucket.list(prefix)) {
      const path = (journalOfPart(key) ?? key).slice(start);
      // The parts of a journal follow each other, the last one last.
      if (last?.path === path) last = { path, bytes: last.bytes + bytes, modifiedAt };
      else {
        if (last !== null) yield last;
        last = { path, bytes, modifiedAt };
      }
    }
    if (last !== null) yield last;
  }

  async *leftovers(before: Date): AsyncIterable<Leftover> {
    for await (const { begunAt, key, uploadId } of this.bucket.uploads(this.folderPrefix(''))) {
      if (begunAt >= before) continue;
      const bytes = await this.bucket.uploadedBytes(key, uploadId);
      yield { bytes, remove: () => this.bucket.abortUpload(key, uploadId) };
    }
  }

  async names(folder: string): Promise<string[]> {
    const prefix = this.folderPrefix(folder);
    const names = new Set(await this.bucket.names(prefix));
    return [...names].filter((name) => journalOfPart(`${prefix}${name}`) === null).sort();
  }

  async download(ref: ArtifactRef, localPath: string): Promise<void> {
    await saveVerified(this.bytes(ref.path), ref, localPath);
  }

  async remove(path: string): Promise<void> {
    const key = keyOf(this.prefix, path);
    await this.bucket.delete(key);
    // From the end on, so that a reader never finds a later part without the ones before.
    for (const part of (await partKeys(this.bucket, key)).reverse()) await this.bucket.delete(part);
  }

  private async *bytes(path: string): AsyncGenerator<Uint8Array> {
    const key = keyOf(this.prefix, path);
    try {
      return yield* this.bucket.stream(key);
    } catch (error) {
      if (!isNoSuchKey(error)) throw error;
    }
    const parts = await partKeys(this.bucket, key);
    if (parts.length === 0) throw new MissingArtifactError(path);
    yield* journalBytes(this.bucket, parts);
  }

  private folderPrefix(folder: string): string {
    const key = keyOf(this.prefix, folder);
    return key === '' ? '' : `${key}/`;
  }
}
