/** Opening a store by its address, once a process. */
import { createReadStream } from 'node:fs';
import type { StoreRef } from '../contracts/index.js';
import { openFileStore, storeFolder, storeId } from './file-store.js';
import { isS3Address, parseS3Address } from './s3-address.js';
import type { S3Bucket } from './s3-bucket.js';
import type { Store } from './store.js';

/** By address, in its one spelling. */
const opened = new Map<string, Promise<Store>>();

/** This process sees another store under the run's address, or none. */
export class StoreNotSeenError extends Error {
  override readonly name = 'StoreNotSeenError';
  constructor(
    readonly expected: StoreRef,
    readonly found: string | null,
  ) {
    super(
      `this worker does not see the store of the run: ${expected.uri} ${found === null ? 'is not there' : `has id ${found} here, the run's has ${expected.id}`}. ` +
        (isS3Address(expected.uri)
          ? 'Give every worker the same AWS_ENDPOINT_URL and AWS_REGION.'
          : 'Mount the same folder on every worker, run the workers on one machine, or use a store on S3.'),
    );
  }
}

/** A folder, a file:// URI, or s3://BUCKET/PREFIX. Makes the store if there is none. Throws StoreAddressError, and S3Error where
 *  its server can't be used. */
export async function openStore(location: string): Promise<Store> {
  const place = placeOf(location);
  let store = opened.get(place.name);
  if (store === undefined) {
    store = place.open();
    opened.set(place.name, store);
    store.catch(() => opened.delete(place.name));
  }
  return store;
}

/** The store of a run: must be there, and be the same one. Throws StoreNotSeenError. */
export async function openRunStore(expected: StoreRef): Promise<Store> {
  // Read anew each time: a folder may be unmounted or replaced while the worker lives.
  const id = await placeOf(expected.uri).id();
  if (id !== expected.id) throw new StoreNotSeenError(expected, id);
  return openStore(expected.uri);
}

/** The address in its one spelling: a folder's is absolute. Throws StoreAddressError. */
export function storeAddress(location: string): string {
  return placeOf(location).name;
}

/** There is a store at the address; none is made. Throws as openStore does. */
export async function isStoreAt(location: string): Promise<boolean> {
  return (await placeOf(location).id()) !== null;
}

/** A bucket as a place of files, not of a store. */
export async function openBucket(name: string, env: NodeJS.ProcessEnv): Promise<S3Bucket> {
  return (await s3()).bucketOf(name, env);
}

/** Puts a local file into a bucket, in parts where it is large, replacing what was there. Throws S3Error. */
export async function uploadFile(
  localPath: string,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const writer = (await s3()).writerOf(bucket, key, env);
  try {
    for await (const piece of createReadStream(localPath)) await writer.write(piece as Uint8Array);
    await writer.finish();
  } finally {
    await writer.abort();
  }
}

/** The SDK is loaded only where it is used: that takes a while. */
function s3() {
  return import('./s3-store.js');
}

interface Place {
  readonly name: string;
  open(): Promise<Store>;
  /** null: there is no store. */
  id(): Promise<string | null>;
}

function placeOf(location: string): Place {
  if (!isS3Address(location)) {
    const folder = storeFolder(location);
    return { name: folder, open: () => openFileStore(folder), id: () => storeId(folder) };
  }
  const address = parseS3Address(location);
  return {
    name: address.uri,
    open: async () => (await s3()).openS3Store(address, process.env),
    id: async () => (await s3()).s3StoreId(address, process.env),
  };
}
