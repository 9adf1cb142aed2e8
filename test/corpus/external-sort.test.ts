import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sortRecords } from '../../src/corpus/index.js';
import { collect, folder } from './temp-files.js';

const tempFolder = join(folder, 'sort');
mkdirSync(tempFolder);

async function* from<T>(records: readonly T[]): AsyncGenerator<T> {
  yield* records;
}

/** 0 to count - 1 in a mixed order, each with one of eleven keys. */
function mixed(count: number): { key: string; order: number }[] {
  return Array.from({ length: count }, (_, order) => ({ key: `k${(order * 7919) % 11}`, order }));
}

describe('the external sort', () => {
  // 100 code units hold one record, so 500 records make 500 runs, which a fan-in of 3 merges in six levels.
  it.each([
    ['in memory', 1_000_000, 64],
    ['in runs of one', 1, 1000],
    ['in more runs than it may read at once', 200, 3],
  ])('sorts %s, and keeps the order of equal keys', async (_, runUnits, fanIn) => {
    const records = mixed(500);
    const expected = [...records].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.order - b.order));
    const sorted = await collect(sortRecords(from(records), (record) => record.key, { tempFolder, runUnits, fanIn }));
    expect(sorted).toEqual(expected);
    expect(sorted).not.toEqual(records);
    expect(readdirSync(tempFolder)).toEqual([]);
  });

  it('sorts keys with line ends and by code units, not by language', async () => {
    const keys = ['ä', 'a\nb', 'Z', 'a\tb', ''];
    const sorted = await collect(sortRecords(from(keys), (key) => key, { tempFolder, runUnits: 1 }));
    expect(sorted).toEqual(['', 'Z', 'a\tb', 'a\nb', 'ä']);
  });

  it('never merges more runs than it may read at once', async () => {
    const options = { tempFolder, runUnits: 1, fanIn: 3 };
    for await (const first of sortRecords(from(mixed(50)), ({ key }) => key, options)) {
      expect(first.key).toBe('k0');
      const [run] = readdirSync(tempFolder);
      expect(readdirSync(join(tempFolder, run!)).length).toBeLessThanOrEqual(3);
      break;
    }
  });

  it('leaves no files behind where the reader stops early or the source fails', async () => {
    for await (const _ of sortRecords(from(mixed(20)), ({ key }) => key, { tempFolder, runUnits: 1 })) {
      expect(readdirSync(tempFolder)).toHaveLength(1);
      break;
    }
    expect(readdirSync(tempFolder)).toEqual([]);
    const failing = async function* () {
      yield* mixed(20);
      throw new Error('the disk is gone');
    };
    const sorting = collect(sortRecords(failing(), ({ key }) => key, { tempFolder, runUnits: 1 }));
    await expect(sorting).rejects.toThrow('the disk is gone');
    expect(readdirSync(tempFolder)).toEqual([]);
  });
});
