/** Files of a dataset on the Hub, by an address in the Hub's own form: hf://datasets/OWNER/NAME[@REVISION]/PATH, where
 *  PATH may be a glob and the revision "~parquet" is the branch of the Hub's conversion to Parquet. */
import { type DatasetFiles, HubError, type HubSettings, openDataset } from '../hub/index.js';
import { CorpusError } from './corpus-error.js';
import { isReadable } from './file-format.js';
import { globExpression } from './glob.js';

interface HubFile {
  /** With the commit in the place of the revision. */
  address: string;
  identity: string;
  open(): Promise<string>;
}

interface HubAddress {
  repository: string;
  revision: string;
  pattern: string;
}

const SCHEME = 'hf://';
const ADDRESS =
  /^hf:\/\/datasets\/(?<repository>[^/@]+\/[^/@]+)(?:@(?<revision>refs\/convert\/[^/]+|refs\/pr\/\d+|[^/]+))?(?:\/(?<pattern>.*))?$/;
const CONVERTED = 'refs/convert/parquet';

export function isHubAddress(path: string): boolean {
  return path.startsWith(SCHEME);
}

/** A pattern without an asterisk that is a folder means its data files. Throws CorpusError where the Hub says no, and where
 *  the address leads to no data file; HubError where asking again may help. */
export async function hubFiles(
  path: string,
  field: string,
  hub: HubSettings,
): Promise<{ files: HubFile[]; passedOver: number }> {
  const { repository, revision, pattern } = parseAddress(path, field);
  const refusalsNamed = <T>(promise: Promise<T>): Promise<T> =>
    promise.catch((error: unknown) => {
      if (error instanceof HubError && error.refused) throw hubRefusal(path, field, error);
      throw error;
    });
  const dataset = await refusalsNamed(openDataset({ repository, revision }, hub));
  const matching = matchesOf(dataset, pattern);
  const paths = matching.filter(isReadable);
  if (paths.length === 0) throw noDataFile(path, field, dataset, revision);
  const files = paths.map((file) => {
    const address = `hf://datasets/${repository}@${dataset.commit}/${file}`;
    return { address, identity: address, open: () => refusalsNamed(dataset.fetch(file)) };
  });
  return { files, passedOver: matching.length - paths.length };
}

function parseAddress(path: string, field: string): HubAddress {
  const { repository, revision, pattern = '' } = ADDRESS.exec(path)?.groups ?? {};
  if (repository === undefined) {
    throw new CorpusError({
      field,
      path,
      problem: 'it is not the address of a dataset',
      mend: 'Write hf://datasets/OWNER/NAME/FILES, or hf://datasets/OWNER/NAME@REVISION/FILES',
    });
  }
  return {
    repository,
    revision: revision === '~parquet' ? CONVERTED : decodedRevision(revision ?? 'main'),
    pattern: pattern.replace(/\/+$/, ''),
  };
}

/** Slashes in the name of a branch may be written as %2F. */
function decodedRevision(revision: string): string {
  return revision.replace(/%2f/gi, '/');
}

function matchesOf({ paths }: DatasetFiles, pattern: string): string[] {
  if (pattern === '') return [...paths];
  if (paths.includes(pattern)) return [pattern];
  const inFolder = paths.filter((path) => path.startsWith(`${pattern}/`));
  if (inFolder.length > 0) return inFolder;
  const expression = globExpression(pattern);
  return paths.filter((path) => expression.test(path));
}

function noDataFile(path: string, field: string, { paths }: DatasetFiles, revision: string): CorpusError {
  const some = paths.filter(isReadable).slice(0, 5);
  const there = some.length === 0 ? 'the dataset has none' : `there are ${some.join(', ')}`;
  const mend =
    some.length === 0 && revision !== CONVERTED
      ? "Try the Hub's conversion to Parquet: hf://datasets/OWNER/NAME@~parquet/CONFIG/SPLIT/*.parquet"
      : 'Name one, a folder or a pattern';
  return new CorpusError({ field, path, problem: `it leads to no JSONL, CSV, TSV or Parquet file; ${there}`, mend });
}

function hubRefusal(path: string, field: string, error: HubError): CorpusError {
  const mend = 'Check the address, HF_TOKEN and HF_ENDPOINT of the worker';
  return new CorpusError({ field, path, problem: error.message, mend }, { cause: error });
}
