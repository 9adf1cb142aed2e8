import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileStore } from '../../../src/store/file-store.js';
import type { Store } from '../../../src/store/index.js';
import { claimChunk } from '../../../src/teachers/chunk-claim.js';

const FOLDER = 'replies/a-chunk';

let root: string;
let store: Store;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'tutelage-claim-'));
  store = await openFileStore(root);
});

afterEach(() => rmSync(root, { recursive: true }));

const claim = (activity: string, attempt: number) => claimChunk(store, FOLDER, { activity, attempt });

describe('a claim', () => {
  it('is lost to the next attempt of the same activity', async () => {
    const first = await claim('chunk 7', 1);
    expect(await first.isMine()).toBe(true);
    const second = await claim('chunk 7', 2);
    expect([first.number, second.number]).toEqual([1, 2]);
    expect([await first.isMine(), await second.isMine()]).toEqual([false, true]);
  });

  it('is lost to another activity, whatever its attempt: the run was resumed', async () => {
    const before = await claim('chunk 7', 5);
    const after = await claim('chunk 7 again', 1);
    expect([await before.isMine(), await after.isMine()]).toEqual([false, true]);
  });

  it('is not taken back by an attempt that was given up', async () => {
    await claim('chunk 7', 1);
    const third = await claim('chunk 7', 3);
    await expect(claim('chunk 7', 2)).rejects.toMatchObject({ name: 'ClaimLostError' });
    expect(await third.isMine()).toBe(true);
    expect(await store.names(FOLDER)).toEqual(['claim-000001', 'claim-000002']);
  });

  it('belongs to one of those who make it at once', async () => {
    const claims = await Promise.all([1, 1, 1, 1, 1].map((attempt) => claim('chunk 7', attempt)));
    expect(claims.map(({ number }) => number).sort()).toEqual([1, 2, 3, 4, 5]);
    const mine = await Promise.all(claims.map((each) => each.isMine()));
    expect(claims.filter((_, index) => mine[index]).map(({ number }) => number)).toEqual([5]);
  });

  it('made at once by attempts of one activity never ends with an earlier one', async () => {
    const outcomes = await Promise.allSettled([3, 1, 2, 1, 2, 3, 1].map((attempt) => claim('chunk 7', attempt)));
    const highest = (await store.names(FOLDER)).at(-1) ?? '';
    const last = JSON.parse(Buffer.from(await store.read(`${FOLDER}/${highest}`)).toString('utf8'));
    expect(last.attempt).toBe(3);
    expect(outcomes[0]?.status).toBe('fulfilled');
    expect(outcomes[5]?.status).toBe('fulfilled');
  });
});
