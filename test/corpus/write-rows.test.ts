import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openRowWriter, readRows } from '../../src/corpus/index.js';
import { collect, folder } from './temp-files.js';

const COLUMNS = ['id', 'text', 'score', 'sure', 'votes'];
const ROWS = [
  { id: 'a', text: 'one,\n"two"\t\0', score: 0.5, sure: true, votes: { good: 2 }, other: 'left out' },
  { id: 'b', text: null, score: null, sure: false },
];

async function write(name: string, rows: readonly Record<string, unknown>[], columns = COLUMNS): Promise<string> {
  const path = join(folder, name);
  const writer = await openRowWriter(path, columns);
  for (const row of rows) await writer.write(row);
  await writer.finish();
  return path;
}

const valuesOf = async (path: string) =>
  (await collect(readRows(path))).map((row) => ('values' in row ? row.values : row.problem));

describe('the row writer', () => {
  it('writes JSONL with the named columns, missing ones as null', async () => {
    expect(readFileSync(await write('out.jsonl', ROWS), 'utf8')).toBe(
      '{"id":"a","text":"one,\\n\\"two\\"\\t\\u0000","score":0.5,"sure":true,"votes":{"good":2}}\n' +
        '{"id":"b","text":null,"score":null,"sure":false,"votes":null}\n',
    );
  });

  it('writes CSV that reads back, with null empty and objects as JSON', async () => {
    const path = await write('out.csv', ROWS);
    expect(readFileSync(path, 'utf8')).toBe(
      'id,text,score,sure,votes\na,"one,\n""two""\t\0",0.5,true,"{""good"":2}"\nb,,,false,\n',
    );
    expect(await valuesOf(path)).toEqual([
      { id: 'a', text: 'one,\n"two"\t\0', score: '0.5', sure: 'true', votes: '{"good":2}' },
      { id: 'b', text: '', score: '', sure: 'false', votes: '' },
    ]);
  });

  it('leaves CSV cells that look like formulas as they are, in quotes', async () => {
    const path = await write(
      'formulas.csv',
      ['=1+1', '+1', '-1', '@a', 'a=1'].map((text) => ({ text })),
      ['text'],
    );
    expect(readFileSync(path, 'utf8')).toBe('text\n"=1+1"\n"+1"\n"-1"\n"@a"\na=1\n');
  });

  it('quotes tabs, not commas, in TSV', async () => {
    const path = await write('out.tsv', [{ a: 'x\ty', b: 'x,y' }], ['a', 'b']);
    expect(readFileSync(path, 'utf8')).toBe('a\tb\n"x\ty"\tx,y\n');
  });

  it('writes Parquet with numbers, booleans and strings, over several row groups', async () => {
    const rows = Array.from({ length: 10_001 }, (_, index) => ({ ...ROWS[index % 2], id: `r${index}` }));
    const values = await valuesOf(await write('out.parquet', rows));
    expect(values).toHaveLength(10_001);
    expect(values[0]).toEqual({ id: 'r0', text: 'one,\n"two"\t\0', score: 0.5, sure: true, votes: '{"good":2}' });
    expect(values[1]).toMatchObject({ id: 'r1', sure: false });
    expect(values[10_000]).toMatchObject({ id: 'r10000', score: 0.5 });
  });

  it('ends at a Parquet value that does not fit its column, and names the column', async () => {
    const rows = [...Array.from({ length: 10_000 }, () => ({ n: 1 })), { n: 'many' }];
    await expect(write('mixed.parquet', rows, ['n'])).rejects.toThrow(/column "n" held only numbers .* string later/);
  });

  it('refuses the name of a folder before there is something to lose: some programs write folders that are called so', async () => {
    const path = join(folder, 'parts.parquet');
    mkdirSync(path);
    await expect(openRowWriter(path, ['a'])).rejects.toThrow(
      /output \(.*parts\.parquet\): it is a folder\. Name a file/,
    );
    expect(readdirSync(folder).filter((name) => name.startsWith('parts.parquet.'))).toEqual([]);
  });

  it.each(['.jsonl', '.csv', '.parquet'])('writes a %s file without rows', async (extension) => {
    expect(await valuesOf(await write(`none${extension}`, [], ['a'])).catch(String)).toEqual(
      extension === '.jsonl' ? expect.stringMatching(/the file is empty/) : [],
    );
  });

  it.each(['.jsonl', '.csv', '.parquet'])(
    'shows a %s file only when finished, and nothing after abort',
    async (ext) => {
      const path = join(folder, `whole${ext}`);
      writeFileSync(path, 'before');
      const aborted = await openRowWriter(path, ['a']);
      await aborted.write({ a: 1 });
      await aborted.abort();
      expect(readFileSync(path, 'utf8')).toBe('before');
      const finished = await openRowWriter(path, ['a']);
      await finished.write({ a: 1 });
      expect(readFileSync(path, 'utf8')).toBe('before');
      await finished.finish();
      await finished.abort();
      expect(existsSync(path)).toBe(true);
      expect(await valuesOf(path)).toEqual([{ a: ext === '.csv' ? '1' : 1 }]);
      expect(readdirSync(folder).filter((name) => name.startsWith(basename(path)))).toEqual([basename(path)]);
    },
  );

  it('refuses an extension that it can not write', async () => {
    await expect(openRowWriter(join(folder, 'out.xlsx'), ['a'])).rejects.toThrow(/output.*\.xlsx/);
  });
});
