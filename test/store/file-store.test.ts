import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  MissingArtifactError,
  openFileStore,
  openRunStore,
  openStore,
  StoreAddressError,
  StoreNotSeenError,
  storeAddress,
} from '../../src/store/index.js';
import { describeStore } from './conformance.js';

describeStore('The file store', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tutelage-store-'));
  return {
    open: () => openFileStore(folder),
    // Linux' full disk: every write fails with ENOSPC.
    failingJournal: (store) => {
      symlinkSync('/dev/full', join(folder, 'full'));
      return store.journal('full');
    },
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

describe('On a disk', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tutelage-store-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('neither finished, aborted nor refused files leave anything temporary', async () => {
    const store = await openFileStore(folder);
    await store.write('file', 'x');
    await store.writeOnce('file', 'x');
    await (await store.writer('other')).abort();
    await expect(store.writer('../other')).rejects.toThrow(RangeError);
    await expect(store.write('file/below', 'x')).rejects.toThrow();
    expect(readdirSync(join(folder, '.tmp'))).toEqual([]);
  });

  it('a store has one spelling, whatever its address is and ends in', async () => {
    const spaced = join(folder, 'a b#ü');
    const store = await openStore(spaced);
    for (const address of [`${spaced}/`, pathToFileURL(spaced).href, `${pathToFileURL(spaced).href}/`]) {
      expect(storeAddress(address)).toBe(spaced);
      expect((await openStore(address)).ref).toEqual(store.ref);
    }
  });

  it('lines of one turn of a journal go out in one write', async () => {
    const journal = await (await openFileStore(folder)).journal('journal');
    const written = new Set([journal.append('a'), journal.append('b'), journal.append('c')]);
    expect(written.size).toBe(1);
    await Promise.all(written);
    await journal.close();
  });

  it('a link that was made although its answer was lost counts as won', async () => {
    const store = await openFileStore(folder);
    const actual = jest.requireActual<typeof import('node:fs/promises')>('node:fs/promises');
    const real = actual.link;
    const link = jest.spyOn(actual, 'link').mockImplementation(async (from, to) => {
      await real(from, to);
      // What a network file system answers to a request that it repeated.
      throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' });
    });
    expect(await store.writeOnce('claim', 'mine')).toBe(true);
    expect(link).toHaveBeenCalledTimes(1);
    link.mockRestore();
    expect(await store.writeOnce('claim', 'theirs')).toBe(false);
  });

  it('ten openings that make a store at once agree on its id', async () => {
    const stores = await Promise.all(Array.from({ length: 10 }, () => openFileStore(join(folder, 'new'))));
    expect(new Set(stores.map((store) => store.ref.id)).size).toBe(1);
  });
});

describe('Opening a store', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tutelage-store-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('gives one object a process for a folder and its URI', async () => {
    const store = await openStore(folder);
    expect(await openStore(pathToFileURL(folder).href)).toBe(store);
    expect(store.ref.uri).toBe(pathToFileURL(folder).href);
  });

  it.each(['s3://', 's3://bucket/../other', 's3://Über', 'http://host/store', 'file://host/store'])(
    'refuses %s',
    async (location) => {
      await expect(openStore(location)).rejects.toThrow(StoreAddressError);
    },
  );

  it("finds a run's store again", async () => {
    const { ref } = await openStore(folder);
    expect((await openRunStore(ref)).ref).toEqual(ref);
  });

  it("refuses a run's store that is not there, and does not make it", async () => {
    const { ref } = await openStore(folder);
    const elsewhere = join(folder, 'not-mounted');
    const expected = { ...ref, uri: pathToFileURL(elsewhere).href };
    await expect(openRunStore(expected)).rejects.toThrow(new StoreNotSeenError(expected, null));
    expect(existsSync(elsewhere)).toBe(false);
  });

  it("refuses a run's store that was replaced by another, also after it was opened", async () => {
    const { ref } = await openStore(folder);
    await openRunStore(ref);
    rmSync(folder, { recursive: true });
    await expect(openRunStore(ref)).rejects.toThrow(StoreNotSeenError);
    const other = await openFileStore(folder);
    await expect(openRunStore(ref)).rejects.toThrow(new StoreNotSeenError(ref, other.ref.id));
  });

  it('tries again after it failed', async () => {
    const location = join(folder, 'dangling');
    symlinkSync(join(folder, 'target', 'deep'), location);
    await expect(openStore(location)).rejects.toThrow();
    rmSync(location);
    expect((await openStore(location)).ref.id).toMatch(/^[0-9a-f-]{36}$/);
    await expect((await openStore(location)).read('x')).rejects.toThrow(MissingArtifactError);
  });
});
