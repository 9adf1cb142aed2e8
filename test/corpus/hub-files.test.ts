/** Datasets from a stand-in for the Hub: addresses, patterns, the pinned commit, and work without a network. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { CorpusInput, Task } from '../../src/contracts/index.js';
import { findFiles, openRowWriter, prepareCorpus, readRows } from '../../src/corpus/index.js';
import { openFileStore } from '../../src/store/index.js';
import { COMMIT, type HubServer, startHubServer } from '../hub/hub-server.js';
import { collect, folder } from './temp-files.js';

const CONVERTED = 'hf://datasets/acme/reviews@~parquet';
const PINNED = `hf://datasets/acme/reviews@${COMMIT}`;

let cache: string;
let server: HubServer;
beforeEach(async () => {
  cache = mkdtempSync(join(folder, 'cache-'));
  const files = {
    'default/train/0000.parquet': await parquet('one', 'two'),
    'default/train/0001.parquet': await parquet('three'),
    'default/test/0000.parquet': await parquet('four'),
    'README.md': Buffer.from('# Reviews'),
  };
  server = await startHubServer('acme/reviews', files, { type: 'dataset', revision: 'refs/convert/parquet' });
});
afterEach(async () => {
  await server.close();
  rmSync(cache, { recursive: true });
});

async function parquet(...texts: string[]): Promise<Buffer> {
  const path = join(mkdtempSync(join(folder, 'made-')), 'a.parquet');
  const writer = await openRowWriter(path, ['text']);
  for (const text of texts) await writer.write({ text });
  await writer.finish();
  return readFileSync(path);
}

const env = (more: Record<string, string> = {}) => ({ HF_ENDPOINT: server.endpoint, HF_HUB_CACHE: cache, ...more });
const found = (path: string, more?: Record<string, string>) =>
  findFiles(path, { field: 'corpus.path', env: env(more) });
const addresses = async (path: string) => (await found(path)).files.map(({ address }) => address);

async function prepare(path: string, more?: Record<string, string>) {
  const { manifest } = await prepareCorpus({
    task: Task.parse({ name: 'tone', kind: 'text-classification', labels: [{ name: 'good' }, { name: 'bad' }] }),
    corpus: CorpusInput.parse({ path }),
    gold: null,
    env: env(more),
    store: await openFileStore(mkdtempSync(join(folder, 'store-'))),
    runFolder: 'runs/tone/1',
    knownChunks: [],
    tempFolder: folder,
  });
  return manifest;
}

it('reads a dataset in the form of the Hub, and its manifest names the commit', async () => {
  const manifest = await prepare(`${CONVERTED}/default/train/*.parquet`);
  expect(manifest.counts).toMatchObject({ rows: 3, texts: 3 });
  expect(manifest.files).toEqual([
    { input: 'corpus', address: `${PINNED}/default/train/0000.parquet`, rows: 2 },
    { input: 'corpus', address: `${PINNED}/default/train/0001.parquet`, rows: 1 },
  ]);
});

it("reads labels that stand there as numbers by the names in the dataset's schema", async () => {
  const path = join(mkdtempSync(join(folder, 'made-')), 'labelled.parquet');
  const label = { _type: 'ClassLabel', names: ['bad', 'good'] };
  const schema = { info: { features: { text: { dtype: 'string', _type: 'Value' }, label } } };
  parquetWriteFile({
    filename: path,
    columnData: [
      { name: 'text', data: ['one', 'two', 'three', 'four'], type: 'STRING' },
      { name: 'label', data: [1n, 0n, -1n, 7n], type: 'INT64' },
    ],
    kvMetadata: [{ key: 'huggingface', value: JSON.stringify(schema) }],
  });
  expect(await collect(readRows(path))).toEqual([
    { line: 1, values: { text: 'one', label: 'good' } },
    { line: 2, values: { text: 'two', label: 'bad' } },
    { line: 3, values: { text: 'three', label: null } },
    { line: 4, problem: 'its column "label" holds 7, and the file names 2 labels' },
  ]);
});

it('takes a file, a folder, a pattern, or the whole dataset', async () => {
  const test = `${PINNED}/default/test/0000.parquet`;
  expect(await addresses(`${CONVERTED}/default/test/0000.parquet`)).toEqual([test]);
  expect(await addresses(`${CONVERTED}/default/test/`)).toEqual([test]);
  expect(await addresses(`${CONVERTED}/**/0000.parquet`)).toEqual([test, `${PINNED}/default/train/0000.parquet`]);
  expect(await addresses('hf://datasets/acme/reviews@refs%2Fconvert%2Fparquet/*/test/*')).toEqual([test]);
  expect(await addresses(`${PINNED}/default/test`)).toEqual([test]);
  expect(await found(CONVERTED)).toMatchObject({ files: [{}, {}, {}], passedOver: 1 });
});

it('fetches each file once, sends the token, and goes on where a broken download ended', async () => {
  const path = `${CONVERTED}/default/test/*`;
  server.breakAfter = 60;
  await expect(prepare(path, { HF_TOKEN: 'hf_secret' })).rejects.toThrow('what came is kept for the next attempt');
  await prepare(path, { HF_TOKEN: 'hf_secret' });
  expect(server.authorization).toBe('Bearer hf_secret');
  await prepare(path);
  expect(server.downloads).toEqual(['GET 0000.parquet', expect.stringMatching(/^GET 0000\.parquet bytes=\d+-$/)]);
});

it('keeps nothing of a file with another digest', async () => {
  server.falsified = Buffer.alloc(5000);
  await expect(prepare(`${CONVERTED}/default/test/*`)).rejects.toThrow(/has digest [0-9a-f]+ instead of [0-9a-f]+/);
});

it('follows a branch that moves, and stays at a commit', async () => {
  const [before] = await addresses(`${CONVERTED}/default/test`);
  server.commit = 'b'.repeat(40);
  expect(await addresses(`${CONVERTED}/default/test`)).toEqual([before!.replace(COMMIT, server.commit)]);
  // The list of files of the commit is in the cache.
  expect(await addresses(`${PINNED}/default/test`)).toEqual([before]);
});

it('asks nothing of the network when HF_HUB_OFFLINE is set', async () => {
  const path = `${CONVERTED}/default/train/*`;
  const online = await prepare(path);
  const offline = { HF_HUB_OFFLINE: '1', HF_ENDPOINT: 'http://127.0.0.1:9' };
  expect((await prepare(path, offline)).files).toEqual(online.files);
  // Known, but never fetched.
  await expect(prepare(`${CONVERTED}/default/test/*`, offline)).rejects.toMatchObject({
    name: 'CorpusError',
    message: expect.stringContaining('HF_HUB_OFFLINE is set, and the cache lacks default/test/0000.parquet'),
  });
  await expect(found('hf://datasets/acme/reviews@v2/a.csv', offline)).rejects.toThrow(
    'the cache lacks the files of revision v2',
  );
});

it.each([
  ['hf://datasets/acme/reviews@main/a.csv', 'there is no such dataset or revision, or HF_TOKEN may not read it'],
  ['hf://datasets/acme/other/a.csv', 'there is no such dataset or revision'],
  [`${CONVERTED}/*.csv`, 'it leads to no JSONL, CSV, TSV or Parquet file; there are default/test/0000.parquet'],
  [`${CONVERTED}/README.md`, 'it leads to no JSONL, CSV, TSV or Parquet file'],
  ['hf://datasets/reviews/a.csv', 'there is no such dataset'],
  ['hf://datasets/reviews', 'it is not the address of a dataset. Write hf://datasets/OWNER/NAME/FILES'],
  ['hf://acme/model/a.csv', 'it is not the address of a dataset'],
])('refuses %s: %s', async (path, problem) => {
  await expect(found(path)).rejects.toMatchObject({ name: 'CorpusError', message: expect.stringContaining(problem) });
});

it('may be asked again where the Hub does not answer', async () => {
  await expect(found(`${CONVERTED}/*`, { HF_ENDPOINT: 'http://127.0.0.1:9' })).rejects.toMatchObject({
    name: 'HubError',
    message: expect.stringContaining('http://127.0.0.1:9 does not answer'),
  });
});
