/** Opening a store by its address, once a process. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StoreRef } from '../contracts/index.js';
import { IDENTITY_FILE, openFileStore } from './file-store.js';
import type { Store } from './store.js';

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

/** A folder, a file:// URI. Makes the store if there is none. */
export function openStore(location: string): Promise<Store> {
  let store = opened.get(location);
  if (store === undefined) {
    store = openFileStore(location);
    opened.set(location, store);
    store.catch(() => opened.delete(location));
  }
  return store;
}

/** The store of a run: must be there, and be the same one. Throws StoreNotSeenError. */
export async function openRunStore(expected: StoreRef): Promise<Store> {
  if (!existsSync(join(fileURLToPath(expected.uri), IDENTITY_FILE))) throw new StoreNotSeenError(expected, null);
  const store = await openStore(expected.uri);
  if (store.ref.id !== expected.id) throw new StoreNotSeenError(expected, store.ref.id);
  return store;
}
