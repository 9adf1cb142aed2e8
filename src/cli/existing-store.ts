/** The store of the commands that only look: they must not make an empty one where the user is by mistake. */
import { isStoreAt, openStore, type Store } from '../store/index.js';
import { UsageError } from '../temporal/index.js';
import { storeLocation } from './command-options.js';

/** For the help of --store. */
export const STORE_OPTION = [
  '--store <address>',
  'the store to use: a folder or s3://BUCKET/PREFIX (or TUTELAGE_STORE); default: .tutelage/store',
] as const;

/** Throws SetupError when there is no store. */
export async function openExistingStore(flag: string | undefined): Promise<Store> {
  const location = storeLocation(flag);
  if (await isStoreAt(location)) return openStore(location);
  throw new UsageError(
    `there is no store at ${location}`,
    'Give --store or TUTELAGE_STORE, or go to the folder where the run was started.',
  );
}
