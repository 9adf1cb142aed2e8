/** Opening a store by its address, once a process. */
import type { StoreRef } from '../contracts/index.js';
import { openFileStore, storeFolder, storeId } from './file-store.js';
import type { Store } from './store.js';

/** By folder. */
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
        'Mount the same folder on every worker, or run the workers on one machine.',
    );
  }
}

/** A folder, a file:// URI. Makes the store if there is none. Throws StoreAddressError. */
export async function openStore(location: string): Promise<Store> {
  const folder = storeFolder(location);
  let store = opened.get(folder);
  if (store === undefined) {
    store = openFileStore(folder);
    opened.set(folder, store);
    store.catch(() => opened.delete(folder));
  }
  return store;
}

/** The store of a run: must be there, and be the same one. Throws StoreNotSeenError. */
export async function openRunStore(expected: StoreRef): Promise<Store> {
  // Read anew each time: a folder may be unmounted or replaced while the worker lives.
  const id = await storeId(storeFolder(expected.uri));
  if (id !== expected.id) throw new StoreNotSeenError(expected, id);
  return openStore(expected.uri);
}
