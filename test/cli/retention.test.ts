/** What of a store may go, on both stores. */
import { join } from 'node:path';
import { judgeRetention, type Retention, removeOutdated } from '../../src/cli/retention.js';
import { RetentionPolicy } from '../../src/contracts/index.js';
import { registerVersion } from '../../src/deployment/index.js';
import { openFileStore, type Store } from '../../src/store/index.js';
import { parseS3Address } from '../../src/store/s3-address.js';
import { openS3Store } from '../../src/store/s3-store.js';
import { chunkFolder } from '../../src/teachers/index.js';
import { newVersion } from '../deployment/new-version.js';
import { describeWithS3, type S3Server, startS3Server } from '../support/s3-server.js';
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
  const ref = { path: 'x', sha256: '0'.repeat(64), bytes: 0 };
  const manifest = {
    corpusHash: 'x',
    counts: {
      ...{ rows: 1, texts: 1, duplicates: 0, refused: 0, rest: 0, goldRows: 0, goldInCorpus: 0, goldConflicts: 0 },
      redacted: 0,
    },
    chunks: [{ ...KEYS, name: 'corpus-000000', set: 'corpus', texts: 1, characters: 1, file: ref, reuse }],
    rows: ref,
    refused: null,
    rest: null,
  };
  await store.write(`${run}/prepare/manifest.json`, JSON.stringify(manifest));
  await store.write(`${run}/prepare/task.json`, '{}');
  await store.write(`${run}/vote/labels.jsonl`, 'labels\n');
  await store.write(`${run}/review/decisions/1.jsonl`, 'decision\n');
  if (endedAt !== null) await store.write(`${run}/outcome.json`, JSON.stringify(outcome(run, endedAt)));
  const journal = await store.journal(`${repliesOf(name)}/journal-000001.jsonl`);
  await journal.append('record');
  await journal.close();
  await store.write(`${repliesOf(name)}/sealed.json`, '{}');
}

function outcome(folder: string, endedAt: Date) {
  const annotation = {
    texts: 1,
    calls: 1,
    busy: 0,
    unreadable: 0,
    labelled: 1,
    uncertain: 0,
    reused: 0,
    costUsd: null,
  };
  const result = {
    ...{ workflowId: 'w', annotation, labels: null, gates: { labels: null, deployment: null } },
    ...{ student: null, evaluation: null, deployment: null },
  };
  const run = { workflowId: 'w', folder, store: { uri: 'x', id: 'x' } };
  return { run, endedAt: endedAt.toISOString(), failure: null, result };
}

/** A version in the registry that was made from the labels of a run. */
async function writeModel(store: Store, run: string): Promise<void> {
  const labels = await store.write(`${runFolder(run)}/vote/labels.jsonl`, 'labels\n');
  const model = newVersion([await store.write(`${runFolder(run)}/student/model.onnx`, 'model')]);
  await registerVersion(store, { ...model, provenance: { ...model.provenance, labels } });
}

function foldersOf({ outdated }: Retention): string[] {
  return outdated.map(({ folder }) => folder).sort();
}

function tests(open: () => Promise<Store>): void {
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

  it('what a dead writer left goes after a day', async () => {
    const writer = await store.writer('large');
    // So much that a part of it is on its way.
    for (let megabyte = 0; megabyte < 9; megabyte++) await writer.write(Buffer.alloc(2 ** 20));
    expect((await judgeRetention(store, policy(1), new Date())).leftovers.files).toBe(0);
    let retention = await judgeRetention(store, policy(1), LATER);
    while (retention.leftovers.bytes === 0) retention = await judgeRetention(store, policy(1), LATER);
    expect(retention.leftovers.files).toBe(1);
    expect(retention.leftovers.bytes).toBeGreaterThan(8e6);
    await removeOutdated(store, retention, LATER);
    expect((await judgeRetention(store, policy(1), LATER)).leftovers.files).toBe(0);
    await writer.abort();
  });
}

describe('In a folder', () => {
  tests(() => openFileStore(join(newFolder(), 'store')));
});

describeWithS3('On S3', () => {
  let server: S3Server;
  const saved = { ...process.env };
  beforeAll(async () => {
    server = await startS3Server();
    Object.assign(process.env, server.env);
  });
  afterAll(async () => {
    process.env = saved;
    await server?.stop();
  });
  tests(() => openS3Store(parseS3Address(`s3://${server.makeBucket()}/store`), process.env));
});
