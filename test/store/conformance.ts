/** What every store must do. The file of an implementation calls describeStore and adds what is special about it. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ArtifactWriter,
  DamagedArtifactError,
  type Journal,
  MissingArtifactError,
  type Store,
} from '../../src/store/index.js';

export interface StoreHarness {
  /** Opens the one store under test; the first time it makes it, empty. */
  open(): Promise<Store>;
  /** A journal whose appends fail: the disk is full, or the network is cut. */
  failingJournal(store: Store): Promise<Journal>;
  dispose(): Promise<void>;
}

export function describeStore(implementation: string, makeHarness: () => Promise<StoreHarness>): void {
  describe(`${implementation} is a store:`, () => {
    let harness: StoreHarness;
    let store: Store;
    let local: string;

    beforeEach(async () => {
      local = mkdtempSync(join(tmpdir(), 'tutelage-local-'));
      harness = await makeHarness();
      store = await harness.open();
    });
    afterEach(async () => {
      await harness.dispose();
      rmSync(local, { recursive: true, force: true });
    });

    describe('files', () => {
      it('come back as they were written, with their digest and size', async () => {
        const ref = await store.write('a/b/c.txt', 'Grüße\n');
        expect(ref).toEqual({ path: 'a/b/c.txt', sha256: sha256('Grüße\n'), bytes: 8 });
        expect(textOf(await store.read('a/b/c.txt'))).toBe('Grüße\n');
        expect(textOf(await store.readRef(ref))).toBe('Grüße\n');
      });

      it('may be empty', async () => {
        const ref = await store.write('empty', '');
        expect(ref).toEqual({ path: 'empty', sha256: sha256(''), bytes: 0 });
        expect(await store.readRef(ref)).toHaveLength(0);
        expect(await collect(store.lines('empty'))).toEqual([]);
      });

      it('are replaced in one step: a reader sees one version or the other, never a mixture', async () => {
        const versions = ['a', 'b'].map((letter) => letter.repeat(1_000_000));
        await store.write('file', versions[0] as string);
        let writing = true;
        const writes = (async () => {
          for (let i = 1; i <= 20; i++) await store.write('file', versions[i % 2] as string);
          writing = false;
        })();
        let reads = 0;
        for (; writing || reads === 0; reads++) {
          const seen = textOf(await store.read('file'));
          expect(versions.some((version) => version === seen)).toBe(true);
        }
        await writes;
        expect(reads).toBeGreaterThan(0);
      });

      it('that are missing are reported by path', async () => {
        await expect(store.read('no/such')).rejects.toThrow(new MissingArtifactError('no/such'));
        await expect(collect(store.lines('no/such'))).rejects.toThrow(MissingArtifactError);
        const ref = { path: 'no/such', sha256: sha256(''), bytes: 0 };
        await expect(store.readRef(ref)).rejects.toThrow(MissingArtifactError);
        await expect(store.download(ref, join(local, 'x'))).rejects.toThrow(MissingArtifactError);
        expect(await store.exists('no/such')).toBe(false);
      });

      it('whose bytes changed are not read under their old reference', async () => {
        const ref = await store.write('file', 'what was written');
        await store.write('file', 'what was writtem');
        await expect(store.readRef(ref)).rejects.toThrow(new DamagedArtifactError('file'));
      });

      it('can be removed, and removing one that is not there does nothing', async () => {
        await store.write('file', 'x');
        expect(await store.exists('file')).toBe(true);
        await store.remove('file');
        expect(await store.exists('file')).toBe(false);
        await store.remove('file');
      });

      it.each(['../outside', 'a/../../outside', '/etc/passwd', './a', 'a//b', 'a/', 'a\\..\\b', '..'])(
        'are refused under %s, a path that leaves the store or has two spellings',
        async (path) => {
          await expect(store.read(path)).rejects.toThrow(RangeError);
          await expect(store.write(path, 'x')).rejects.toThrow(RangeError);
          await expect(store.writeOnce(path, 'x')).rejects.toThrow(RangeError);
          await expect(store.journal(path)).rejects.toThrow(RangeError);
          await expect(store.list(path)).rejects.toThrow(RangeError);
          await expect(collect(store.lines(path))).rejects.toThrow(RangeError);
        },
      );
    });

    describe('writeOnce', () => {
      it('leaves the first content and says so', async () => {
        expect(await store.writeOnce('claims/1', 'first')).toBe(true);
        expect(await store.writeOnce('claims/1', 'second')).toBe(false);
        expect(textOf(await store.read('claims/1'))).toBe('first');
      });

      it('has one winner among 20 concurrent writers, whose content stands', async () => {
        for (let round = 0; round < 10; round++) {
          const won = await Promise.all(
            Array.from({ length: 20 }, (_, writer) => store.writeOnce(`round-${round}`, `writer ${writer}`)),
          );
          expect(won.filter(Boolean)).toHaveLength(1);
          expect(textOf(await store.read(`round-${round}`))).toBe(`writer ${won.indexOf(true)}`);
        }
      });
    });

    describe('a writer', () => {
      it('shows nothing before it is finished, and then everything', async () => {
        const writer = await store.writer('big');
        const lines = Array.from({ length: 50_000 }, (_, i) => `line ${i} of a file of many blocks\n`);
        for (const line of lines) await writer.write(line);
        expect(await store.exists('big')).toBe(false);
        const ref = await writer.finish();
        const whole = lines.join('');
        expect(ref).toEqual({ path: 'big', sha256: sha256(whole), bytes: whole.length });
        expect(textOf(await store.readRef(ref))).toBe(whole);
        await writer.abort();
        expect(await store.exists('big')).toBe(true);
      });

      it('keeps bytes even if the caller fills its buffer anew', async () => {
        const writer = await store.writer('bytes');
        const buffer = new Uint8Array([1, 2]);
        await writer.write(buffer);
        buffer.fill(9);
        await writer.write(buffer);
        await writer.finish();
        expect([...(await store.read('bytes'))]).toEqual([1, 2, 9, 9]);
      });

      it('that is aborted leaves nothing, and what stood there stays', async () => {
        await store.write('file', 'before');
        await abortAfterWriting(await store.writer('file'));
        await abortAfterWriting(await store.writer('folder/new'));
        expect(textOf(await store.read('file'))).toBe('before');
        expect(await store.list('')).not.toContain('folder/new');
        expect(await store.names('folder')).toEqual([]);
      });
    });

    describe('lines', () => {
      it.each([
        ['LF and CRLF', 'a\r\nb\n\r\nc\n', ['a', 'b', '', 'c']],
        ['a last line without an end', 'a\nb', ['a', 'b']],
        ['a carriage return inside a line', 'a\rb\n', ['a\rb']],
        ['one end alone', '\n', ['']],
      ])('are split at %s', async (_, content, expected) => {
        await store.write('lines', content);
        expect(await collect(store.lines('lines'))).toEqual(expected);
      });

      it('may be huge, and characters may lie across the pieces of the stream', async () => {
        const huge = 'ab€😀'.repeat(500_000);
        await store.write('lines', `short\n${huge}\nend`);
        const [first, second, third] = await collect(store.lines('lines'));
        expect([first, third]).toEqual(['short', 'end']);
        expect(second === huge).toBe(true);
      });

      it('need not be read to the end', async () => {
        await store.write('lines', 'line\n'.repeat(100_000));
        for await (const line of store.lines('lines')) {
          expect(line).toBe('line');
          break;
        }
      });
    });

    describe('folders', () => {
      it('list all files below, sorted, without anything temporary', async () => {
        for (const path of ['b/z.txt', 'b/a/1', 'a', 'b/a-1', 'c/d/e']) await store.write(path, 'x');
        const unfinished = await store.writer('b/unfinished');
        await unfinished.write('x');
        expect(await store.list('b')).toEqual(['b/a-1', 'b/a/1', 'b/z.txt']);
        expect((await store.list('')).filter((path) => path !== 'store.json')).toEqual([
          'a',
          'b/a-1',
          'b/a/1',
          'b/z.txt',
          'c/d/e',
        ]);
        expect(await store.names('b')).toEqual(['a', 'a-1', 'z.txt']);
        expect((await store.names('')).filter((name) => name !== 'store.json')).toEqual(['a', 'b', 'c']);
        await unfinished.abort();
      });

      it('that do not exist are empty', async () => {
        expect(await store.list('nowhere')).toEqual([]);
        expect(await store.names('nowhere')).toEqual([]);
      });
    });

    describe('a journal', () => {
      it('keeps the order of lines, and what was acknowledged can be read before it is closed', async () => {
        const journal = await store.journal('chunk/journal');
        const numbers = Array.from({ length: 1000 }, (_, i) => String(i));
        const appended = numbers.slice(0, 500).map((line) => journal.append(line));
        await new Promise((resolve) => setImmediate(resolve));
        appended.push(...numbers.slice(500).map((line) => journal.append(line)));
        await appended[0];
        expect((await collect(store.lines('chunk/journal')))[0]).toBe('0');
        await Promise.all(appended);
        expect(await collect(store.lines('chunk/journal'))).toEqual(numbers);
        await journal.close();
        expect(await collect(store.lines('chunk/journal'))).toEqual(numbers);
      });

      it('goes on where an earlier one ended', async () => {
        for (const line of ['first', 'second']) {
          const journal = await store.journal('journal');
          await journal.append(line);
          await journal.close();
        }
        expect(await collect(store.lines('journal'))).toEqual(['first', 'second']);
      });

      it('that was closed has written what nobody waited for', async () => {
        const journal = await store.journal('journal');
        const appended = journal.append('last words');
        await journal.close();
        expect(await collect(store.lines('journal'))).toEqual(['last words']);
        await appended;
      });

      it('that failed once fails for ever, also for the lines that waited, and when it is closed', async () => {
        const journal = await harness.failingJournal(store);
        const first = journal.append('one');
        const outcomes = Promise.allSettled([first, journal.append('two')]);
        await expect(first).rejects.toThrow();
        for (const outcome of await outcomes) expect(outcome.status).toBe('rejected');
        await expect(journal.append('three')).rejects.toThrow();
        await expect(journal.close()).rejects.toThrow();
      });
    });

    describe('download', () => {
      it('copies a file into a new local folder', async () => {
        const ref = await store.write('model.onnx', Buffer.alloc(300_000, 7));
        await store.download(ref, join(local, 'new', 'model.onnx'));
        expect(readFileSync(join(local, 'new', 'model.onnx')).equals(Buffer.alloc(300_000, 7))).toBe(true);
      });

      it('leaves nothing behind when the bytes are not those of the reference', async () => {
        const ref = await store.write('file', 'right');
        await store.write('file', 'wrong');
        await expect(store.download(ref, join(local, 'file'))).rejects.toThrow(DamagedArtifactError);
        expect(existsSync(join(local, 'file'))).toBe(false);
        expect(readdirSync(local)).toEqual([]);
      });
    });

    it('keeps its id when it is opened again', async () => {
      expect(store.ref.id).toMatch(/^[0-9a-f-]{36}$/);
      await store.write('file', 'still there');
      const again = await harness.open();
      expect(again.ref).toEqual(store.ref);
      expect(textOf(await again.read('file'))).toBe('still there');
    });
  });
}

async function abortAfterWriting(writer: ArtifactWriter): Promise<void> {
  await writer.write('half');
  await writer.abort();
  await writer.abort();
}

export async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
