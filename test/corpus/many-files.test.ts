/** Inputs of several files: which they are, their order, and that messages name file and row. */
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CorpusInput, GoldInput, Task, type TextRow } from '../../src/contracts/index.js';
import { CorpusError, findFiles, openRowWriter, prepareCorpus, readRows } from '../../src/corpus/index.js';
import { localFiles } from '../../src/corpus/local-files.js';
import { openFileStore } from '../../src/store/index.js';
import { collect, folder, tempFile } from './temp-files.js';

/** A folder with these files. */
function files(contents: Record<string, string | Uint8Array>): string {
  const root = mkdtempSync(join(folder, 'many-'));
  for (const [name, content] of Object.entries(contents)) {
    const path = join(root, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content);
  }
  return root;
}

const found = (path: string | string[]) => findFiles(path, { field: 'corpus.path', env: {} });
const namesOf = async (path: string | string[]) => (await found(path)).files.map(({ name }) => name);
const rows = (...texts: string[]) => texts.map((text) => `${JSON.stringify({ text })}\n`).join('');

async function prepared(path: string | string[], more: Record<string, unknown> = {}, gold: string | null = null) {
  const store = await openFileStore(mkdtempSync(join(folder, 'store-')));
  const { manifest } = await prepareCorpus({
    task: Task.parse({ name: 'tone', kind: 'text-classification', labels: [{ name: 'good' }, { name: 'bad' }] }),
    corpus: CorpusInput.parse({ path, ...more }),
    gold: gold === null ? null : GoldInput.parse({ path: gold }),
    env: {},
    store,
    runFolder: 'runs/tone/1',
    knownChunks: [],
    tempFolder: folder,
  });
  const lines = async <Row>(ref: { path: string }) =>
    (await collect(store.lines(ref.path))).map((line) => JSON.parse(line) as Row);
  const texts = (await Promise.all(manifest.chunks.map(({ file }) => lines<TextRow>(file)))).flat();
  return { manifest, lines, texts };
}

const refusal = (path: string | string[], more?: Record<string, unknown>): Promise<CorpusError> =>
  prepared(path, more).then(
    () => new CorpusError({ field: '', path: null, problem: 'it was taken', mend: '' }),
    (error: CorpusError) => error,
  );

describe('findFiles', () => {
  it('takes the data files of a folder and its folders, in the order of their paths, and counts the others', async () => {
    const root = files({
      'b.jsonl': '{}',
      'a.csv': 'text',
      'B.tsv': 'text',
      'de/c.csv.gz': 'x',
      'README.md': '',
      _SUCCESS: '',
      '.hidden.csv': '',
      '.git/d.csv': '',
    });
    const { files: all, passedOver } = await found(root);
    expect(all.map(({ address }) => address.slice(root.length + 1))).toEqual([
      'B.tsv',
      'a.csv',
      'b.jsonl',
      'de/c.csv.gz',
    ]);
    expect(passedOver).toBe(3);
  });

  it('takes what a glob matches, and a list in its own order', async () => {
    const root = files({ '1/a.csv': '', '2/a.csv': '', '2/b.jsonl': '', '2/3/a.csv': '' });
    expect(await namesOf(`${root}/*/a.csv`)).toEqual(
      ['1/a.csv', '2/a.csv'].map((name) => `${root.split('/').at(-1)}/${name}`),
    );
    expect(await namesOf(`${root}/2/**/*.{csv,jsonl}`)).toEqual(['2/3/a.csv', '2/a.csv', '2/b.jsonl']);
    expect(await namesOf([`${root}/2/b.jsonl`, `${root}/2/3`])).toEqual(['2/b.jsonl', '2/3/a.csv']);
    expect(await namesOf(`${root}/1/a.csv`)).toEqual(['a.csv']);
  });

  it('takes a file whose name looks like a glob', async () => {
    const root = files({ 'part[1].csv': 'text\na\n', 'part1.csv': 'text\nb\n' });
    expect(await namesOf(`${root}/part[1].csv`)).toEqual(['part[1].csv']);
  });

  it('refuses a file that is given twice, by whatever name', async () => {
    const root = files({ 'a.csv': 'text' });
    await expect(found([root, `${root}/a.csv`])).rejects.toThrow('the file is given twice. Give each file once');
    symlinkSync(join(root, 'a.csv'), join(root, 'b.csv'));
    await expect(found(root)).rejects.toThrow(`b.csv): the file is given twice, also as ${root}/a.csv`);
  });

  it('ends where a link leads back to its own folder', async () => {
    const root = files({ 'a.csv': 'text' });
    symlinkSync(root, join(root, 'again'));
    expect((await found(root)).files).toHaveLength(1);
  });

  it('does not pass over a data file whose link leads nowhere: its rows would be missed in silence', async () => {
    const root = files({ 'a.jsonl': rows('one') });
    symlinkSync(join(root, 'not-fetched'), join(root, 'b.jsonl'));
    symlinkSync(join(root, 'not-fetched'), join(root, 'notes'));
    expect(await found(`${root}/*.jsonl`)).toMatchObject({ files: [{}, {}], passedOver: 0 });
    expect((await refusal(root)).message).toContain('b.jsonl): there is no such file');
  });

  it('refuses a link that leads to itself, and a name that is too long', async () => {
    const root = files({ 'a.jsonl': rows('one') });
    symlinkSync(join(root, 'b.jsonl'), join(root, 'b.jsonl'));
    for (const path of [root, `${root}/b.jsonl`, `${root}/${'x'.repeat(300)}.jsonl`]) {
      expect(await refusal(path)).toBeInstanceOf(CorpusError);
      expect((await refusal(path)).message).toMatch(/the file can't be read \((ELOOP|ENAMETOOLONG)\)/);
    }
  });

  it('refuses a folder that the worker may not list', async () => {
    const root = files({ 'a.jsonl': rows('one') });
    const closed = Object.assign(new Error('permission denied'), { code: 'EACCES' });
    const readdir = jest
      .spyOn(jest.requireActual<typeof import('node:fs/promises')>('node:fs/promises'), 'readdir')
      .mockRejectedValue(closed);
    try {
      expect((await refusal(root)).message).toMatch(
        /^corpus\.path \(.*\): it can't be listed \(EACCES\)\. Paths mean the disk/,
      );
    } finally {
      readdir.mockRestore();
    }
  });

  it('refuses a folder or glob without data files, and addresses that it has no reader for', async () => {
    const root = files({ 'README.md': '' });
    await expect(found(root)).rejects.toThrow('it holds no data file, only 1 other file');
    await expect(found(`${root}/*.csv`)).rejects.toThrow('it holds no data file. ');
    await expect(found(`${root}/none/*.csv`)).rejects.toThrow('it holds no data file. ');
    await expect(found('ftp://host/a.csv')).rejects.toThrow('there is no reader for ftp:// addresses');
  });
});

describe('a corpus of several files', () => {
  it('is read file by file, whatever the formats; the manifest says where each row stands', async () => {
    const root = files({
      'b.jsonl': rows('one', 'two', 'one'),
      'c.csv': 'text\nthree\ntwo\n',
      'd.tsv.gz': gzipSync('text\nfour\n'),
    });
    const writer = await openRowWriter(join(root, 'a.parquet'), ['text']);
    await writer.write({ text: 'zero' });
    await writer.finish();
    const { manifest, lines, texts } = await prepared(root);
    expect(manifest.counts).toMatchObject({ rows: 7, texts: 5, duplicates: 2 });
    expect(manifest.files).toEqual([
      { input: 'corpus', address: join(root, 'a.parquet'), rows: 1 },
      { input: 'corpus', address: join(root, 'b.jsonl'), rows: 3 },
      { input: 'corpus', address: join(root, 'c.csv'), rows: 2 },
      { input: 'corpus', address: join(root, 'd.tsv.gz'), rows: 1 },
    ]);
    const places = (await lines<TextRow>(manifest.rows)).map(({ part = 0, line }) => [part, line]);
    expect(places).toEqual([[0, 1], [1, 1], [1, 2], [1, 3], [2, 2], [2, 3], [3, 2]]); // biome-ignore format: pairs
    const placeOf = Object.fromEntries(texts.map(({ text, part = 0, line, copies }) => [text, [part, line, copies]]));
    expect(placeOf).toEqual({ zero: [0, 1, 1], one: [1, 1, 2], two: [1, 2, 2], three: [2, 2, 1], four: [3, 2, 1] });
  });

  it('has the hash of the same rows in one file', async () => {
    const root = files({ 'a.jsonl': rows('one', 'two'), 'b.jsonl': rows('three') });
    const one = await prepared(tempFile('.jsonl', rows('three', 'two', 'one')));
    expect((await prepared(root)).manifest.corpusHash).toBe(one.manifest.corpusHash);
    expect((await prepared(join(root, 'a.jsonl'))).manifest.corpusHash).not.toBe(one.manifest.corpusHash);
  });

  it('names file and row of what it refuses', async () => {
    const root = files({ 'reviews/1.jsonl': rows('fine'), 'reviews/2.csv': 'text\n"a\nb"\n \n' });
    const writer = await openRowWriter(join(root, 'reviews/3.parquet'), ['text']);
    for (const text of ['fine too', '']) await writer.write({ text });
    await writer.finish();
    expect((await refusal(`${root}/reviews`)).message).toContain(
      `(${root}/reviews): 2 of 5 rows can't be used (reviews/2.csv line 4: its text is empty; reviews/3.parquet row 2: its text is empty)`,
    );
    const { manifest, lines } = await prepared(`${root}/reviews`, { badRows: 'skip' });
    expect(await lines(manifest.refused!)).toEqual([
      { file: 'corpus', part: 1, path: 'reviews/2.csv', line: 4, id: null, problem: 'its text is empty' },
      { file: 'corpus', part: 2, path: 'reviews/3.parquet', line: 2, id: null, problem: 'its text is empty' },
    ]);
  });

  it('names both files of a double id and of an unknown label', async () => {
    const root = files({ 'a.csv': 'id,text\n1,one\n2,two\n', 'b.csv': 'id,text\n3,three\n1,another\n' });
    expect((await refusal(root)).message).toMatch(
      /b\.csv line 3: its id also stands at many-\w+\/a\.csv line 2, with a different/,
    );
    const labelled = files({ 'a.csv': 'text\none\n', 'b.csv': 'text,label\ntwo,good\nthree,odd\n' });
    expect((await refusal(labelled)).message).toMatch(/many-\w+\/b\.csv line 3 has the label "odd"/);
  });

  it('names the file that lacks a column', async () => {
    const root = files({ 'a.csv': 'text\none\n', 'b.csv': 'body\ntwo\n' });
    expect((await refusal(root)).message).toContain(
      `corpus.textColumn (${root}/b.csv): there is no column "text"; the columns are: body`,
    );
    const ids = files({ 'a.csv': 'text\none\n', 'b.csv': 'id,text\n1,two\n' });
    expect((await refusal(ids)).message).toMatch(
      /the column "id" stands in many-\w+\/b\.csv and not in many-\w+\/a\.csv/,
    );
  });

  it('may have gold rows of several files too', async () => {
    const gold = files({ '1.csv': 'text,label\none,good\n', '2.csv': 'text,label\ntwo,bad\n' });
    const { manifest, texts } = await prepared(tempFile('.jsonl', rows('one', 'three')), {}, gold);
    expect(texts.map(({ text, gold: label }) => [text, label]).sort()).toEqual([['one', 'good'], ['three', null], ['two', 'bad']]); // biome-ignore format: pairs
    expect(manifest.files.map(({ input, rows: count }) => [input, count])).toEqual([['corpus', 2], ['gold', 1], ['gold', 1]]); // biome-ignore format: pairs
  });
});

describe('a compressed file', () => {
  const values = async (path: string) =>
    (await collect(readRows(path))).map((row) => ('values' in row ? row.values : row));

  it('is read like the file in it, byte order mark and several gzip members included', async () => {
    const marked = Buffer.concat([gzipSync('\ufefftext\none\n'), gzipSync('two\n')]);
    expect(await values(tempFile('.csv.gz', marked))).toEqual([{ text: 'one' }, { text: 'two' }]);
    expect(await values(tempFile('.jsonl.GZ', gzipSync(rows('one'))))).toEqual([{ text: 'one' }]);
  });

  it.each([
    ['.jsonl.gz', gzipSync(rows('one')).subarray(0, 20), 'its gzip stream is cut off'],
    ['.jsonl.gz', Buffer.from(rows('one')), 'it is not gzip, or damaged'],
    ['.csv.gz', gzipSync(Buffer.from('\ufefftext\n', 'utf16le')), 'the file is UTF-16'],
    ['.parquet.gz', gzipSync('x'), 'there is no reader for .gz files'],
    ['.jsonl.zst', Buffer.from('x'), 'there is no reader for .zst files'],
  ])('%s is refused in one sentence where it can not be read: %#', async (extension, content, problem) => {
    await expect(values(tempFile(extension, content))).rejects.toThrow(problem);
  });
});

it('finds more files in a folder than a call takes arguments', async () => {
  const MANY = 150_000;
  const disk = jest.requireActual<typeof import('node:fs/promises')>('node:fs/promises');
  const isFolder = (path: unknown) => path === '/data' || path === '/data/2026';
  const names = { '/data': ['2026'], '/data/2026': Array.from({ length: MANY }, (_, part) => `part-${part}.csv`) };
  const spies = [
    jest.spyOn(disk, 'readdir').mockImplementation((async (path: keyof typeof names) => names[path]) as never),
    jest
      .spyOn(disk, 'stat')
      .mockImplementation((async (path: string) => ({ isDirectory: () => isFolder(path) })) as never),
    jest.spyOn(disk, 'realpath').mockImplementation((async (path: string) => path) as never),
  ];
  try {
    expect((await localFiles('/data')).paths).toHaveLength(MANY);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
});
