/** Corpora in a bucket, on a real S3 server. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { CorpusError, findFiles, openRowWriter, readColumns, readRows } from '../../src/corpus/index.js';
import { openBucket, S3Error } from '../../src/store/index.js';
import { newFolder } from '../cli/tutelage-process.js';
import { startS3Proxy } from '../support/s3-proxy.js';
import { describeWithS3, useS3Server } from '../support/s3-server.js';

describeWithS3('Files at an s3:// address', () => {
  const server = useS3Server();
  let bucket: string;
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    env = process.env;
    bucket = server().makeBucket();
  });

  const put = async (key: string, content: string | Uint8Array) =>
    (await openBucket(bucket, env)).put(key, Buffer.from(content as Uint8Array));
  const find = (path: string | string[], from = env) => findFiles(path, { field: 'corpus.path', env: from });
  const addresses = async (path: string | string[]) => (await find(path)).files.map(({ address }) => address);

  async function rowsAt(path: string, from = env): Promise<unknown[]> {
    const rows: unknown[] = [];
    for (const { address, open } of (await find(path, from)).files) {
      const options = { field: 'corpus.path', shown: address };
      for await (const row of readRows(await open(), options)) rows.push('values' in row ? row.values.text : row);
    }
    return rows;
  }

  it('are an object, the data files of a folder, or those that match a pattern, each with its etag', async () => {
    for (const key of [
      'in/b.csv',
      'in/a.jsonl',
      'in/deep/c.tsv',
      'in/.hidden.csv',
      'in/_log.csv',
      'in/notes.md',
      'else.csv',
    ]) {
      await put(key, 'text\nx\n');
    }
    const at = (key: string) => `s3://${bucket}/${key}`;
    expect(await addresses(at('in/b.csv'))).toEqual([at('in/b.csv')]);
    expect(await addresses(at('in/'))).toEqual(['in/a.jsonl', 'in/b.csv', 'in/deep/c.tsv'].map(at));
    expect((await find(at('in'))).passedOver).toBe(3);
    expect(await addresses(at('in/*.{csv,tsv}'))).toEqual([at('in/b.csv')]);
    expect(await addresses(at('**/*.csv'))).toEqual([at('else.csv'), at('in/b.csv')]);
    expect((await find(`s3://${bucket}`)).files).toHaveLength(4);
    expect((await find(at('else.csv'))).files[0]?.version).toMatch(/[0-9a-f]{32}/);
    await expect(find([at('else.csv'), at('*.csv')])).rejects.toThrow('the file is given twice');
  });

  it('are read in every format, Parquet by ranges, compressed or not', async () => {
    const folder = newFolder();
    const parquet = `${folder}/rows.parquet`;
    const writer = await openRowWriter(parquet, ['text']);
    for (const text of ['p1', 'p2', 'p3']) await writer.write({ text });
    await writer.finish();
    await put('a.jsonl', '{"text":"j1"}\n{"text":"j2"}\n');
    await put('b.csv.gz', gzipSync('text\n"c1, with a comma"\n'));
    await put('c.parquet', readFileSync(parquet));
    expect(await rowsAt(`s3://${bucket}`)).toEqual(['j1', 'j2', 'c1, with a comma', 'p1', 'p2', 'p3']);
    const [, csv] = (await find(`s3://${bucket}`)).files;
    expect(await readColumns(await csv!.open(), { shown: csv!.address })).toEqual(['text']);
  });

  it('are read on from where an answer broke off', async () => {
    const proxy = await startS3Proxy(server().env.AWS_ENDPOINT_URL ?? '');
    const texts = Array.from({ length: 40_000 }, (_, i) => `text number ${i} of many`);
    await put('long.jsonl', texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
    proxy.cutAnswers(/^GET .*long/, 2, 300_000);
    expect(await rowsAt(`s3://${bucket}/long.jsonl`, { ...env, AWS_ENDPOINT_URL: proxy.url })).toEqual(texts);
    await proxy.close();
  });

  it.each(['a.jsonl', 'a.parquet'])('%s that is changed after it was found is not read', async (key) => {
    await put(key, '{"text":"old"}\n');
    const file = (await find(`s3://${bucket}/${key}`)).files[0]!;
    await put(key, '{"text":"new"}\n');
    const reading = (async () => {
      for await (const _ of readRows(await file.open(), { shown: file.address }));
    })();
    await expect(reading).rejects.toThrow('it was changed after the run had found it');
    await expect(reading).rejects.toThrow(CorpusError);
  });

  it('that are not there, or may not be read, end the run with the mend', async () => {
    await put('notes.md', 'x');
    await expect(find(`s3://${bucket}/no/*.csv`)).rejects.toThrow('nothing stands there');
    await expect(find(`s3://${bucket}`)).rejects.toThrow('only to 1 other.');
    await expect(find('s3://no-such-bucket/a.csv')).rejects.toThrow(/nothing stands there|NoSuchBucket/);
    await expect(find('s3://no-such-bucket/*.csv')).rejects.toThrow(CorpusError);
    await expect(find('s3://')).rejects.toThrow('Write s3://BUCKET/KEY');
  });

  it('on a server that does not answer may be asked for again', async () => {
    const nowhere = await startS3Proxy('http://127.0.0.1:1');
    await nowhere.close();
    const error = await find(`s3://${bucket}/a.csv`, {
      ...env,
      AWS_ENDPOINT_URL: nowhere.url,
      AWS_MAX_ATTEMPTS: '1',
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(S3Error);
    expect(error).toMatchObject({ status: null, message: expect.stringContaining('ECONNREFUSED') });
  });
});
