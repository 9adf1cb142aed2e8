/** What of a store may go, on both stores. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { judgeRetention, type Retention, removeOutdated } from '../../src/cli/retention.js';
import { RetentionPolicy } from '../../src/contracts/index.js';
import { registerVersion } from '../../src/deployment/index.js';
import { openFileStore, type Store } from '../../src/store/index.js';
import { parseS3Address } from '../../src/store/s3-address.js';
import { bucketOf, openS3Store } from '../../src/store/s3-store.js';
import { chunkFolder, chunkReplies } from '../../src/teachers/index.js';
import { emptyCounts } from '../../src/voting/index.js';
import { newVersion } from '../deployment/new-version.js';
import { describeWithS3, useS3Server } from '../support/s3-server.js';
import { newFolder } from './tutelage-process.js';

const DAY_MS = 86_400_000;
/** All files of the tests are older than any days that they keep. */
const LATER = new Date(Date.now() + 200 * DAY_MS);
const policy = (keepDays: number) => RetentionPolicy.parse({ keepDays });

function runFolder(name: string): string {
  return `runs/${name}/01`;
}

const KEYS = { firstKey: 'a'.repeat(64), lastKey: 'b'.repeat(64) };

function repliesOf(run: string): string {
  return chunkFolder(runFolder(run), { name: 'corpus-000000', ...KEYS });
}

/** A run with labels, a decision of a person, and replies to one chunk. endedAt: null while it is open. */
async function writeRun(store: Store, name: string, endedAt: Date | null, reuse: string[] = []): Promise<void> {
  const run = runFolder(name);
  await store.write(`${run}/prepare/manifest.json`, JSON.stringify({ chunks: [{ reuse }] }));
  await store.write(`${run}/prepare/task.json`, '{}');
  await store.write(`${run}/vote/labels.jsonl`, 'labels\n');
  await store.write(`${run}/review/decisions/1.jsonl`, 'decision\n');
  if (endedAt !== null) await store.write(`${run}/outcome.json`, JSON.stringify({ endedAt: endedAt.toISOString() }));
  const journal = await store.journal(`${repliesOf(name)}/journal-000001.jsonl`);
  await journal.append('record');
  await journal.close();
  await store.write(`${repliesOf(name)}/sealed.json`, '{}');
}

/** A version in the registry that was made from the labels of a run. */
async function writeModel(store: Store, run: string): Promise<void> {
  const labels = await store.write(`${runFolder(run)}/vote/labels.jsonl`, 'labels\n');
  const model = newVersion([await store.write(`${runFolder(run)}/student/model.onnx`, 'model')]);
  await registerVersion(store, { ...model, provenance: { ...model.provenance, labels } });
}

/** The store, but for files with such names, which it does not remove. */
function refusing(store: Store, name: string): Store {
  const remove = async (path: string) => {
    if (path.includes(`/${name}`)) throw new Error('not now');
    await store.remove(path);
  };
  return Object.assign(Object.create(store), { remove });
}

function foldersOf({ outdated }: Retention): string[] {
  return outdated.map(({ folder }) => folder).sort();
}

const HALF = Buffer.alloc(6 * 2 ** 20);

/** leaveHalf: what a writer leaves that dies. */
function tests(open: () => Promise<Store>, leaveHalf: (store: Store) => Promise<void>): void {
  let store: Store;
  beforeEach(async () => {
    store = await open();
  });

  it('nothing goes that came or ended lately', async () => {
    await writeRun(store, 'ended', new Date());
    const { kept, leftovers, outdated } = await judgeRetention(store, policy(1), new Date());
    expect({ kept, leftovers, outdated }).toEqual({
      kept: { open: 0, registered: 0, recent: 1 },
      leftovers: { files: 0, bytes: 0 },
      outdated: [],
    });
  });

  it('a classification goes when nothing was written to it for so many days', async () => {
    await store.write('classifications/nightly/01/blocks/00000.jsonl', 'rows');
    expect((await judgeRetention(store, policy(201), LATER)).outdated).toEqual([]);
    const retention = await judgeRetention(store, policy(199), LATER);
    expect(retention.outdated).toEqual([
      { kind: 'classification', folder: 'classifications/nightly/01', files: 1, bytes: 4 },
    ]);
    await removeOutdated(store, retention, LATER);
    expect(await store.list('classifications')).toEqual([]);
  });

  it('an ended run and its replies go after so many days, but for its outcome and what people decided', async () => {
    await writeRun(store, 'ended', new Date());
    expect((await judgeRetention(store, policy(201), LATER)).outdated).toEqual([]);
    const retention = await judgeRetention(store, policy(199), LATER);
    expect(foldersOf(retention)).toEqual([repliesOf('ended'), runFolder('ended')]);
    const before = await store.list('');
    expect(retention.outdated.find(({ kind }) => kind === 'replies')).toMatchObject({ files: 2, bytes: 9 });
    expect(await store.list('')).toEqual(before);
    await removeOutdated(store, retention, LATER);
    expect(await store.list('')).toEqual([
      `${runFolder('ended')}/outcome.json`,
      `${runFolder('ended')}/prepare/task.json`,
      `${runFolder('ended')}/review/decisions/1.jsonl`,
      'store.json',
    ]);
    expect((await judgeRetention(store, policy(199), LATER)).outdated).toEqual([]);
  });

  it('replies of which not all can be removed are still read, as far as they are there', async () => {
    await writeRun(store, 'ended', new Date());
    const folder = repliesOf('ended');
    await store.remove(`${folder}/sealed.json`);
    await store.remove(`${folder}/journal-000001.jsonl`);
    const replies = await store.write(`${folder}/replies-000001.jsonl`, '');
    const result = { chunk: 0, set: 'corpus', counts: emptyCounts(), complete: false };
    await store.write(`${folder}/partial-000001.json`, JSON.stringify({ result, replies }));
    const retention = await judgeRetention(store, policy(0), LATER);
    for (const name of ['partial-', 'replies-']) {
      await expect(removeOutdated(refusing(store, name), retention, LATER)).rejects.toThrow('not now');
      expect(await chunkReplies(store, folder)).toEqual(new Map());
    }
  });

  it('a run that made a registered model stays whole, with the replies it used of others', async () => {
    await writeRun(store, 'earlier', new Date());
    await writeRun(store, 'unused', new Date());
    await writeRun(store, 'made', new Date(), [repliesOf('earlier')]);
    await writeModel(store, 'made');
    const whole = (await store.list('')).filter((path) => path.includes('made') || path.startsWith('models/'));
    const retention = await judgeRetention(store, policy(0), LATER);
    expect(foldersOf(retention)).toEqual([repliesOf('unused'), runFolder('earlier'), runFolder('unused')].sort());
    await removeOutdated(store, retention, LATER);
    const left = await store.list('');
    expect(left).toEqual(expect.arrayContaining([...whole, `${repliesOf('made')}/sealed.json`]));
    expect(left).toContain(`${repliesOf('earlier')}/sealed.json`);
  });

  it('an open run stays, however old, with the replies it uses', async () => {
    await writeRun(store, 'earlier', new Date());
    await writeRun(store, 'open', null, [repliesOf('earlier')]);
    const { kept, outdated } = await judgeRetention(store, policy(0), LATER);
    expect(kept).toEqual({ open: 1, registered: 0, recent: 0 });
    expect(outdated.map(({ folder }) => folder)).toEqual([runFolder('earlier')]);
  });

  it('what a revised guideline asked stays with its run, and goes with it but for what was decided', async () => {
    await writeRun(store, 'earlier', new Date());
    await writeRun(store, 'open', null);
    const revision = `${runFolder('open')}/revisions/1-x`;
    const replies = chunkFolder(revision, { name: 'corpus-000000', ...KEYS });
    const record = `${runFolder('open')}/review/revisions/000001.json`;
    await store.write(
      `${revision}/prepare/manifest.json`,
      JSON.stringify({ chunks: [{ reuse: [repliesOf('earlier')] }] }),
    );
    await store.write(`${replies}/sealed.json`, '{}');
    await store.write(record, '{}');
    expect(foldersOf(await judgeRetention(store, policy(0), LATER))).toEqual([runFolder('earlier')]);
    await store.write(`${runFolder('open')}/outcome.json`, JSON.stringify({ endedAt: new Date().toISOString() }));
    const retention = await judgeRetention(store, policy(0), LATER);
    expect(foldersOf(retention)).toContain(replies);
    await removeOutdated(store, retention, LATER);
    const left = await store.list('');
    expect(left).toContain(record);
    expect(left.filter((path) => path.startsWith(revision) || path.startsWith(replies))).toEqual([]);
  });

  it('a run that left no outcome goes when the server says that it has ended, so many days after its end', async () => {
    await writeRun(store, 'terminated', null);
    await writeRun(store, 'waiting', null);
    const ended = new Date(LATER.getTime() - 10 * DAY_MS);
    const onServer = (folder: string) => (folder === runFolder('terminated') ? ended : ('open' as const));
    const judged = (keepDays: number) => judgeRetention(store, policy(keepDays), LATER, onServer);
    expect(await judged(11)).toMatchObject({ kept: { open: 1, registered: 0, recent: 1 }, outdated: [] });
    const retention = await judged(9);
    expect(retention.kept).toEqual({ open: 1, registered: 0, recent: 0 });
    expect(foldersOf(retention)).toEqual([repliesOf('terminated'), runFolder('terminated')]);
  });

  it('a run that was reset after its end stays while the server says that it is open', async () => {
    await writeRun(store, 'reset', new Date());
    await writeRun(store, 'ended', new Date());
    const onServer = (folder: string) => (folder === runFolder('reset') ? ('open' as const) : null);
    const retention = await judgeRetention(store, policy(0), LATER, onServer);
    expect(retention.kept.open).toBe(1);
    expect(foldersOf(retention)).toEqual([repliesOf('ended'), runFolder('ended')]);
  });

  it('a run that nobody knows and nobody wrote to for so many days goes where that is asked', async () => {
    await writeRun(store, 'forgotten', null);
    await writeRun(store, 'waiting', null);
    const onServer = (folder: string) => (folder === runFolder('waiting') ? ('open' as const) : null);
    const judged = (abandonedDays: number | null) =>
      judgeRetention(store, RetentionPolicy.parse({ keepDays: 0, abandonedDays }), LATER, onServer);
    for (const days of [null, 201]) expect((await judged(days)).kept.open).toBe(2);
    const retention = await judged(199);
    expect(retention.kept.open).toBe(1);
    expect(foldersOf(retention)).toEqual([repliesOf('forgotten'), runFolder('forgotten')]);
  });

  it('what a dead writer left goes after a day', async () => {
    await leaveHalf(store);
    expect((await judgeRetention(store, policy(1), new Date())).leftovers.files).toBe(0);
    let retention = await judgeRetention(store, policy(1), LATER);
    while (retention.leftovers.bytes === 0) retention = await judgeRetention(store, policy(1), LATER);
    expect(retention.leftovers.files).toBe(1);
    expect(retention.leftovers.bytes).toBe(HALF.byteLength);
    await removeOutdated(store, retention, LATER);
    expect((await judgeRetention(store, policy(1), LATER)).leftovers.files).toBe(0);
  });
}

describe('In a folder', () => {
  let folder: string;
  tests(
    () => {
      folder = join(newFolder(), 'store');
      return openFileStore(folder);
    },
    async () => writeFileSync(join(folder, '.tmp', 'half'), HALF),
  );
});

describeWithS3('On S3', () => {
  const server = useS3Server();
  tests(
    () => openS3Store(parseS3Address(`s3://${server().makeBucket()}/store`), process.env),
    async ({ ref }) => {
      const { bucket, prefix } = parseS3Address(ref.uri);
      const objects = bucketOf(bucket, process.env);
      const upload = await objects.beginUpload(`${prefix}/large`, 'writer');
      await objects.uploadPart(`${prefix}/large`, upload, 1, HALF);
    },
  );
});
