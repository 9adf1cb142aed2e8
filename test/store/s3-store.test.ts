import { createHash } from 'node:crypto';
import { S3JournalSettings } from '../../src/contracts/index.js';
import { MissingArtifactError, type Store } from '../../src/store/index.js';
import { parseS3Address } from '../../src/store/s3-address.js';
import { S3Bucket } from '../../src/store/s3-bucket.js';
import { createS3Client } from '../../src/store/s3-client.js';
import { openS3Store, s3StoreId } from '../../src/store/s3-store.js';
import { type S3Proxy, startS3Proxy } from '../support/s3-proxy.js';
import { describeWithS3, useS3Server } from '../support/s3-server.js';
import { collect, describeStore } from './conformance.js';

describeWithS3('On a real S3 server', () => {
  const server = useS3Server();

  const open = (uri: string, env: Record<string, string> = {}): Promise<Store> =>
    openS3Store(parseS3Address(uri), { ...process.env, ...env });

  describeStore('The S3 store', async () => {
    const uri = `s3://${server().makeBucket()}/some/prefix`;
    return {
      open: () => open(uri),
      // Somebody else has written the part that comes next.
      failingJournal: async (store) => {
        const journal = await store.journal('taken');
        await store.write('taken/.part-000000001', 'theirs\n');
        return journal;
      },
      dispose: async () => {},
    };
  });

  describe('the S3 store', () => {
    let uri: string;
    beforeEach(() => {
      uri = `s3://${server().makeBucket()}`;
    });

    it('uploads a large object in parts, and reads it in pieces', async () => {
      const store = await open(uri);
      const writer = await store.writer('large');
      const hash = createHash('sha256');
      for (let megabyte = 0; megabyte < 21; megabyte++) {
        const piece = Buffer.alloc(2 ** 20, megabyte);
        hash.update(piece);
        await writer.write(piece);
      }
      const ref = await writer.finish();
      expect(ref).toEqual({ path: 'large', sha256: hash.digest('hex'), bytes: 21 * 2 ** 20 });
      expect((await store.readRef(ref)).byteLength).toBe(ref.bytes);
    });

    it('leaves nothing of a large object that is aborted', async () => {
      const store = await open(uri);
      const writer = await store.writer('large');
      for (let megabyte = 0; megabyte < 9; megabyte++) await writer.write(Buffer.alloc(2 ** 20));
      await writer.abort();
      expect(await store.exists('large')).toBe(false);
      expect(await store.list('')).toEqual(['store.json']);
    });

    it('ten openings that make a store at once agree on its id', async () => {
      const stores = await Promise.all(Array.from({ length: 10 }, () => open(uri)));
      expect(new Set(stores.map((store) => store.ref.id)).size).toBe(1);
      expect(stores[0]?.ref.uri).toBe(uri);
      expect(await s3StoreId(parseS3Address(uri), process.env)).toBe(stores[0]?.ref.id);
    });

    it('is another one below another prefix', async () => {
      const [one, other] = await Promise.all([open(`${uri}/one`), open(`${uri}/one/more`)]);
      expect(one.ref.id).not.toBe(other.ref.id);
      await other.write('file', 'x');
      await expect(one.read('file')).rejects.toThrow(MissingArtifactError);
    });

    it('names the bucket that is not there, and does not make it', async () => {
      await expect(open('s3://no-such-bucket/x')).rejects.toMatchObject({
        name: 'S3Error',
        code: 'NoSuchBucket',
        message: expect.stringContaining('s3://no-such-bucket/x/store.json'),
        mend: expect.stringContaining('Make the bucket'),
      });
    });

    it('says what is wrong with the settings of its journals', async () => {
      await expect(open(uri, { TUTELAGE_S3_JOURNAL_SECONDS: 'soon' })).rejects.toThrow(/TUTELAGE_S3_JOURNAL_SECONDS/);
      expect(S3JournalSettings.parse({})).toEqual({
        TUTELAGE_S3_JOURNAL_SECONDS: 0.02,
        TUTELAGE_S3_JOURNAL_RECORDS: 500,
      });
    });
  });

  describe('a journal on S3', () => {
    let uri: string;
    beforeEach(() => {
      uri = `s3://${server().makeBucket()}`;
    });

    it('writes as soon as there are so many records, however long it would wait', async () => {
      const env = { TUTELAGE_S3_JOURNAL_SECONDS: '60', TUTELAGE_S3_JOURNAL_RECORDS: '3' };
      const journal = await (await open(uri, env)).journal('journal');
      const waiting = journal.append('one');
      expect(await settledSoon(waiting)).toBe(false);
      await Promise.all([waiting, journal.append('two'), journal.append('three')]);
      const last = journal.append('four');
      await journal.close();
      await last;
      expect(await collect((await open(uri)).lines('journal'))).toEqual(['one', 'two', 'three', 'four']);
    });

    it('has lines that come within some seconds in one part, and stands in lists as one file', async () => {
      const env = { TUTELAGE_S3_JOURNAL_SECONDS: '0.2' };
      const store = await open(uri, env);
      const journal = await store.journal('folder/journal');
      const first = journal.append('one');
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all([first, journal.append('two')]);
      await journal.append('three');
      await journal.close();
      expect(await store.list('')).toEqual(['folder/journal', 'store.json']);
      expect(await store.names('folder')).toEqual(['journal']);
      expect(await store.names('folder/journal')).toEqual([]);
      expect(await store.exists('folder/journal')).toBe(true);
      expect(Buffer.from(await store.read('folder/journal')).toString()).toBe('one\ntwo\nthree\n');
      expect(Buffer.from(await store.read('folder/journal/.part-000000001')).toString()).toBe('one\ntwo\n');
      await store.remove('folder/journal');
      expect(await store.list('')).toEqual(['store.json']);
    });

    it('of many parts is read in their order', async () => {
      const store = await open(uri, { TUTELAGE_S3_JOURNAL_SECONDS: '0' });
      const journal = await store.journal('journal');
      const numbers = Array.from({ length: 30 }, (_, i) => String(i));
      for (const number of numbers) await journal.append(number);
      await journal.close();
      expect(await collect(store.lines('journal'))).toEqual(numbers);
      expect(await store.exists('journal/.part-000000030')).toBe(true);
    });

    it('waits while the server is silent, and goes on when it answers again', async () => {
      const store = await open(uri);
      const journal = await store.journal('journal');
      await journal.append('one');
      server().suspend();
      const appended = journal.append('two');
      try {
        expect(await settledSoon(appended)).toBe(false);
      } finally {
        server().resume();
      }
      await appended;
      expect(await collect(store.lines('journal'))).toEqual(['one', 'two']);
    });

    it('that two processes write fails for the second one, and keeps what the first one wrote', async () => {
      const store = await open(uri);
      const [first, second] = [await store.journal('journal'), await store.journal('journal')];
      await first.append('mine');
      await expect(second.append('mine')).rejects.toMatchObject({ name: 'JournalTakenError' });
      await first.append('mine too');
      expect(await collect(store.lines('journal'))).toEqual(['mine', 'mine too']);
    });
  });

  describe('through a network that loses answers', () => {
    let proxy: S3Proxy;
    let store: Store;
    beforeEach(async () => {
      proxy = await startS3Proxy(server().env.AWS_ENDPOINT_URL ?? '');
      store = await open(`s3://${server().makeBucket()}`, { AWS_ENDPOINT_URL: proxy.url });
    });
    afterEach(() => proxy.close());

    it('a file that was written once, although nobody heard of it, counts as won', async () => {
      proxy.loseAnswers(/^PUT .*claim/, 2);
      expect(await store.writeOnce('claim', 'same words')).toBe(true);
      expect(proxy.requests.filter((request) => request.startsWith('PUT') && request.includes('claim'))).toHaveLength(
        3,
      );
      expect(await store.writeOnce('claim', 'same words')).toBe(false);
    });

    it('one of two writers of the same words has won', async () => {
      proxy.loseAnswers(/^PUT .*claim/, 3);
      const won = await Promise.all([store.writeOnce('claim', 'x'), store.writeOnce('claim', 'x')]);
      expect(won.sort()).toEqual([false, true]);
    });

    it('each line of a journal stands in it once', async () => {
      proxy.loseAnswers(/^PUT .*journal/, 3);
      const journal = await store.journal('journal');
      for (const line of ['one', 'two', 'three', 'four']) await journal.append(line);
      await journal.close();
      expect(await collect(store.lines('journal'))).toEqual(['one', 'two', 'three', 'four']);
    });

    it('a large object is completed', async () => {
      proxy.loseAnswers(/^POST .*uploadId=/, 1);
      const bytes = Buffer.alloc(9 * 2 ** 20, 'large');
      const ref = await store.write('large', bytes);
      expect((await store.readRef(ref)).byteLength).toBe(bytes.byteLength);
    });

    it('an answer that breaks off is read on from there', async () => {
      const ref = await store.write('file', Buffer.alloc(3 * 2 ** 20, 'words'));
      proxy.cutAnswers(/^GET .*file/, 3, 1_000_000);
      expect((await store.readRef(ref)).byteLength).toBe(ref.bytes);
      expect(proxy.requests.filter((request) => /^GET .*file/.test(request))).toHaveLength(4);
    });

    it('an object that is replaced while it is read is not mixed with the new one', async () => {
      await store.write('file', 'old '.repeat(1_000_000));
      proxy.cutAnswers(/^GET .*file/, 1, 3_000_000);
      const bytes = bucketOf(store.ref.uri, proxy.url).stream('file');
      await bytes.next();
      await store.write('file', 'new '.repeat(1_000_000));
      await expect(drain(bytes)).rejects.toMatchObject({ name: 'S3Error', status: 412 });
    });
  });
});

function bucketOf(uri: string, url: string): S3Bucket {
  return new S3Bucket(createS3Client({ ...process.env, AWS_ENDPOINT_URL: url }), parseS3Address(uri).bucket);
}

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of bytes);
}

async function settledSoon(promise: Promise<unknown>): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 300));
  return Promise.race([promise.then(() => true), late]);
}
