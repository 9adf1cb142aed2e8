/** The store of the commands that only look: they must not make an empty one where the user is by mistake. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openStore, type Store } from '../store/index.js';
import { SetupError } from '../temporal/index.js';
import { storeLocation } from './command-options.js';

/** For the help of --store. */
export const STORE_OPTION = [
  '--store <folder>',
  'the store to use (or TUTELAGE_STORE); default: .tutelage/store',
] as const;

/** Throws SetupError when there is no store. */
export async function openExistingStore(flag: string | undefined): Promise<Store> {
  const location = storeLocation(flag);
  const folder = location.startsWith('file://') ? fileURLToPath(location) : location;
  if (existsSync(folder)) return openStore(location);
  throw new SetupError(
    `there is no store at ${folder}`,
    'Give --store or TUTELAGE_STORE, or go to the folder where the run was started.',
  );
}
