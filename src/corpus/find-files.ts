/** The files of an input, wherever they lie, in one order: as the input names them, those of one folder, glob or address by
 *  their paths. */
import { basename } from 'node:path';
import { hubSettings } from '../hub/index.js';
import { CorpusError } from './corpus-error.js';
import type { InputPlace } from './file-content.js';
import { hubFiles, isHubAddress } from './hub-files.js';
import { identityOf, localFiles } from './local-files.js';
import { isS3Path, s3Files } from './s3-files.js';

export interface FoundFile {
  /** Path, or address, of a Hub's file with its commit. */
  address: string;
  /** What stood there when it was found, where that may change: an etag. */
  version?: string;
  /** Shortest name that tells it from the others: "reviews/part-3.csv". */
  name: string;
  open(): Promise<InputPlace>;
}

export interface FoundFiles {
  files: FoundFile[];
  /** Files that are no data files, in folders, globs and addresses that hold others. */
  passedOver: number;
}

/** field: setting that names the paths, for messages. Throws CorpusError where a folder or glob holds no data file, where
 *  two paths are one file, and on an address that can't be used; HubError and S3Error where a server can't be reached. */
export async function findFiles(
  path: string | readonly string[],
  { field, env }: { field: string; env: NodeJS.ProcessEnv },
): Promise<FoundFiles> {
  const files: Omit<FoundFile, 'name'>[] = [];
  const seen = new Map<string, string>();
  let passedOver = 0;
  for (const one of [path].flat()) {
    const found = await filesAt(one, field, env);
    passedOver += found.passedOver;
    for (const { identity, ...file } of found.files) {
      const earlier = seen.get(identity);
      if (earlier !== undefined) throw sameTwice(file.address, earlier, field);
      seen.set(identity, file.address);
      files.push(file);
    }
  }
  const names = shortNames(files.map(({ address }) => address));
  return { files: files.map((file, index) => ({ ...file, name: names[index]! })), passedOver };
}

/** How messages name a row. alone: the input is one file, which the message names already. */
export function placeOf({ address, name }: Pick<FoundFile, 'address' | 'name'>, line: number, alone: boolean): string {
  if (alone) return `line ${line}`;
  return `${name} ${address.endsWith('.parquet') ? 'row' : 'line'} ${line}`;
}

/** Paths of an input in one line. */
export function shownPaths(path: string | readonly string[]): string {
  const [first, ...others] = [path].flat();
  return others.length === 0 ? first! : `${first} and ${others.length} more`;
}

/** To look again changes nothing. */
const CLOSED: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM']);

async function filesAt(
  path: string,
  field: string,
  env: NodeJS.ProcessEnv,
): Promise<{ files: (Omit<FoundFile, 'name'> & { identity: string })[]; passedOver: number }> {
  if (isHubAddress(path)) return hubFiles(path, field, hubSettings(env));
  return isS3Path(path) ? s3Files(path, field, env) : onDisk(path, field);
}

async function onDisk(path: string, field: string) {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.exec(path)?.[0];
  if (address !== undefined) {
    throw new CorpusError({
      field,
      path,
      problem: `there is no reader for ${address} addresses`,
      mend: "Give a path on the worker's disk, or hf://datasets/OWNER/NAME/FILES, or s3://BUCKET/KEY",
    });
  }
  const { paths, passedOver } = await localFiles(path).catch((error: NodeJS.ErrnoException) => {
    if (!CLOSED.has(error.code)) throw error;
    const mend = 'Paths mean the disk of the worker or command that reads them: check its permissions';
    throw new CorpusError({ field, path, problem: `it can't be listed (${error.code})`, mend }, { cause: error });
  });
  if (paths.length === 0) {
    const others = passedOver === 0 ? '' : `, only ${passedOver} other file${passedOver === 1 ? '' : 's'}`;
    throw new CorpusError({
      field,
      path,
      problem: `it holds no data file${others}`,
      mend: 'Give a folder or pattern with JSONL, CSV, TSV or Parquet files',
    });
  }
  const files = paths.map(async (file) => ({
    address: file,
    identity: await identityOf(file),
    open: async () => file,
  }));
  return { files: await Promise.all(files), passedOver };
}

function sameTwice(address: string, earlier: string, field: string): CorpusError {
  const also = earlier === address ? '' : `, also as ${earlier}`;
  const problem = `the file is given twice${also}`;
  return new CorpusError({ field, path: address, problem, mend: 'Give each file once' });
}

/** Without the folders that all share, but for the last of these. */
function shortNames(addresses: readonly string[]): string[] {
  if (addresses.length === 1) return [basename(addresses[0]!)];
  const split = addresses.map((address) => address.split('/'));
  let shared = 0;
  const fewest = Math.min(...split.map((segments) => segments.length)) - 1;
  while (shared < fewest && split.every((segments) => segments[shared] === split[0]![shared])) shared++;
  return split.map((segments) => segments.slice(Math.max(0, shared - 1)).join('/'));
}
