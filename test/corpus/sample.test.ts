import { allocate, drawLimits, seededHash } from '../../src/corpus/sample.js';
import { folder } from './temp-files.js';

describe('the allocation of a sample', () => {
  it.each([
    // 3.5, 1.75, 0.75: floors 3, 1, 0; the two largest remainders are 0.75, 0.75.
    [6, [14, 7, 3], [3, 2, 1]],
    // 7, 2.5, 0.5: the tie goes to the earlier group, which then gives one up: it is furthest above its share.
    [10, [70, 25, 5], [7, 2, 1]],
    // 9.8, 0.1, 0.1: the first group has a remainder of 0.8 and gets 10, then gives two up.
    [10, [980, 10, 10], [8, 1, 1]],
    // Not enough for all: the largest first.
    [2, [1, 5, 5, 1], [0, 1, 1, 0]],
    [1, [3, 9], [0, 1]],
    // All there are, and empty groups get nothing.
    [99, [3, 0, 2], [3, 0, 2]],
    [3, [4, 0, 2], [2, 0, 1]],
  ])('shares %i among %j as %j', (n, sizes, expected) => {
    expect(allocate(n, sizes)).toEqual(expected);
  });

  it('gives out exactly n, no group more than it has, and each at least one', () => {
    for (let n = 5; n <= 60; n++) {
      const sizes = [40, 11, 6, 2, 1];
      const given = allocate(n, sizes);
      expect(given.reduce((sum, count) => sum + count, 0)).toBe(n);
      expect(given.every((count, group) => count >= 1 && count <= sizes[group]!)).toBe(true);
    }
  });
});

it('limits each group to its quota of the smallest hashes', async () => {
  const candidates = async function* () {
    yield { group: 0, hash: 'd' };
    yield { group: 1, hash: 'a' };
    yield { group: 0, hash: 'b' };
    yield { group: 0, hash: 'c' };
    yield { group: 1, hash: 'e' };
  };
  expect(await drawLimits(candidates(), [2, 0], { tempFolder: folder })).toEqual(['c', '']);
  expect(await drawLimits(candidates(), [1, 2], { tempFolder: folder })).toEqual(['b', 'e']);
});

it('orders texts by seed and purpose', () => {
  // printf '42:sample:abc' | sha256sum
  expect(seededHash(42, 'sample', 'abc')).toBe('251d40df94f623f6341fc5c52c6b1066f25bac21a7097bd22c26985a21664a38');
  expect(seededHash(43, 'sample', 'abc')).not.toBe(seededHash(42, 'sample', 'abc'));
  expect(seededHash(42, 'gate', 'abc')).not.toBe(seededHash(42, 'sample', 'abc'));
});
