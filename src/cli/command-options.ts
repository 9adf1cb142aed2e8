/** Options that several commands share. */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { storeAddress } from '../store/index.js';
import { type ServerFlags, stateFolder } from '../temporal/index.js';

/** Adds --address, --namespace and --profile. */
export function withServerOptions(command: Command): Command {
  return command
    .option('--address <host:port>', 'Temporal server to use (or TEMPORAL_ADDRESS, or a profile); without: a local one')
    .option('--namespace <name>', 'Temporal namespace (or TEMPORAL_NAMESPACE)')
    .option('--profile <name>', "profile of the Temporal CLI's configuration file");
}

/** The values of withServerOptions, ready to be handed to another process. */
export function serverArguments(flags: ServerFlags): string[] {
  return (['address', 'namespace', 'profile'] as const).flatMap((name) => {
    const value = flags[name];
    return value === undefined ? [] : [`--${name}`, value];
  });
}

/** The state folder of the working directory. */
export function currentStateFolder(): string {
  return stateFolder(process.env, process.cwd());
}

/** Not a path on a disk: hf://..., s3://... */
export function isAddress(path: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(path);
}

/** As it is sent to workers, which may have been started in another folder. */
export function placedPath(path: string): string {
  return isAddress(path) ? path : resolve(path);
}

/** For the help of the --store of those that write. */
export const STORE_TO_WRITE = [
  '--store <address>',
  'where artifacts go: a folder or s3://BUCKET/PREFIX (or TUTELAGE_STORE); default: .tutelage/store',
] as const;

/** --store, TUTELAGE_STORE, or the folder store in the state folder, in its one spelling. Throws StoreAddressError. */
export function storeLocation(flag: string | undefined): string {
  const location = flag ?? process.env.TUTELAGE_STORE;
  if (!location) return resolve(currentStateFolder(), 'store');
  return storeAddress(location);
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

/** host:port with a port that can be counted up from. */
export function hostAndPort(text: string): string {
  const port = Number(/^[^:\s]+:(\d{1,5})$/.exec(text)?.[1]);
  if (!(port >= 1 && port <= 65_535))
    throw new InvalidArgumentError('It must be host:port, for example 127.0.0.1:9464.');
  return text;
}
