/** Files in a bucket of an S3 server, by s3://BUCKET/KEY, where KEY may be a folder or a glob. Each is read as it stood when
 *  it was found: one that is changed meanwhile ends the run. */
import { counted } from '../contracts/index.js';
import { type ObjectEntry, openBucket, type S3Bucket, S3Error, uploadFile } from '../store/index.js';
import { CorpusError } from './corpus-error.js';
import type { FileContent } from './file-content.js';
import { isReadable } from './file-format.js';
import { globExpression, globFolder, isGlob } from './glob.js';

interface S3File {
  address: string;
  identity: string;
  /** Its etag. */
  version: string;
  open(): Promise<FileContent>;
}

/** What the user wrote, for messages. */
interface Asked {
  readonly path: string;
  readonly field: string;
}

const SCHEME = 's3://';
const ADDRESS = /^s3:\/\/(?<bucket>[^/]+)(?:\/(?<pattern>.*))?$/;
/** Of answers that asking again will not change. */
const REFUSED = new Set([301, 400, 401, 403, 404]);

export function isS3Path(path: string): boolean {
  return path.startsWith(SCHEME);
}

/** A pattern without an asterisk that is a folder means its data files. Throws CorpusError where the server says no, and where
 *  the address leads to no data file; S3Error where asking again may help. */
export async function s3Files(
  path: string,
  field: string,
  env: NodeJS.ProcessEnv,
): Promise<{ files: S3File[]; passedOver: number }> {
  const asked = { path, field };
  const { bucket: name, pattern } = parseAddress(asked);
  const bucket = await openBucket(name, env);
  const found = await refusalsNamed(asked, () => findObjects(bucket, pattern));
  const readable = found.objects.filter(({ key }) => isDataFile(key) || key === found.exact);
  if (readable.length === 0) throw noDataFile(asked, found.objects.length);
  const files = readable
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map((object) => {
      const address = bucket.address(object.key);
      const open = async () => content(bucket, object, { path: address, field });
      return { address, identity: address, version: object.etag, open };
    });
  return { files, passedOver: found.objects.length - readable.length };
}

/** What puts a local file at the address, whole, replacing what was there. Throws CorpusError where the server says no;
 *  S3Error where asking again may help. */
export async function s3Upload(
  path: string,
  field: string,
  env: NodeJS.ProcessEnv,
): Promise<(localPath: string) => Promise<void>> {
  const asked = { path, field };
  const { bucket, pattern: key } = parseAddress(asked);
  // Before there is something to lose.
  await refusalsNamed(asked, async () => (await openBucket(bucket, env)).head(key));
  return (localPath) => refusalsNamed(asked, () => uploadFile(localPath, { bucket, key }, env));
}

function parseAddress({ field, path }: Asked): { bucket: string; pattern: string } {
  const { bucket, pattern = '' } = ADDRESS.exec(path)?.groups ?? {};
  if (bucket !== undefined) return { bucket, pattern: pattern.replace(/\/+$/, '') };
  const problem = 'it is not the address of objects';
  throw new CorpusError({
    field,
    path,
    problem,
    mend: 'Write s3://BUCKET/KEY, where KEY may be a folder or a pattern',
  });
}

/** exact: the key that the pattern is, if there is such an object. */
async function findObjects(
  bucket: S3Bucket,
  pattern: string,
): Promise<{ objects: ObjectEntry[]; exact: string | null }> {
  const there = pattern === '' ? null : await bucket.head(pattern);
  if (there !== null) return { objects: [{ ...there, key: pattern }], exact: pattern };
  const inFolder = await objectsBelow(bucket, pattern === '' ? '' : `${pattern}/`, () => true);
  if (inFolder.length > 0 || !isGlob(pattern)) return { objects: inFolder, exact: null };
  const folder = globFolder(pattern);
  const expression = globExpression(pattern);
  const matching = await objectsBelow(bucket, folder === '' ? '' : `${folder}/`, (key) => expression.test(key));
  return { objects: matching, exact: null };
}

async function objectsBelow(bucket: S3Bucket, prefix: string, isMeant: (key: string) => boolean) {
  const objects: ObjectEntry[] = [];
  for await (const object of bucket.list(prefix)) {
    // Some programs leave empty objects for folders.
    if (!object.key.endsWith('/') && isMeant(object.key)) objects.push(object);
  }
  return objects;
}

/** As on the disk: a hidden file holds no rows. */
function isDataFile(key: string): boolean {
  return isReadable(key) && !/(^|\/)[._][^/]*$/.test(key);
}

function content(bucket: S3Bucket, { bytes, etag, key }: ObjectEntry, asked: Asked): FileContent {
  async function* stream(part: { from: number; to: number }, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const pieces = bucket.stream(key, { etag, ...part });
    for (;;) {
      signal?.throwIfAborted();
      const piece = await refusalsNamed(asked, () => pieces.next());
      if (piece.done) return;
      yield piece.value;
    }
  }
  return {
    bytes,
    stream: (_, signal) => stream({ from: 0, to: bytes }, signal),
    range: async (from, to) => {
      const whole = new Uint8Array(to - from);
      let filled = 0;
      for await (const piece of stream({ from, to })) {
        whole.set(piece, filled);
        filled += piece.byteLength;
      }
      return whole.buffer;
    },
  };
}

async function refusalsNamed<Result>({ field, path }: Asked, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    if (error.status === 412) {
      const problem = 'it was changed after the run had found it';
      throw new CorpusError({ field, path, problem, mend: 'Start the run again, with files that stay as they are' });
    }
    const isRefusal = error.status === null ? error.code === 'CredentialsProviderError' : REFUSED.has(error.status);
    if (!isRefusal) throw error;
    const mend = error.mend.replace(/\.$/, '');
    throw new CorpusError({ field, path, problem: error.message, mend }, { cause: error });
  }
}

function noDataFile({ field, path }: Asked, others: number): CorpusError {
  const problem =
    others === 0
      ? 'nothing stands there'
      : `it leads to no JSONL, CSV, TSV or Parquet file, only to ${counted(others, 'other')}`;
  const mend = 'Name an object, a folder or a pattern; AWS_ENDPOINT_URL of the worker must name its server';
  return new CorpusError({ field, path, problem, mend });
}
