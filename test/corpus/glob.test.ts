import { globExpression, globFolder, isGlob } from '../../src/corpus/glob.js';

/** pattern, path, whether it matches */
const CASES: [string, string, boolean][] = [
  ['data/*.csv', 'data/a.csv', true],
  ['data/*.csv', 'data/de/a.csv', false],
  ['data/*.csv', 'data/aXcsv', false],
  ['data/**/*.csv', 'data/a.csv', true],
  ['data/**/*.csv', 'data/de/2024/a.csv', true],
  ['data/**', 'data/de/a.csv', true],
  ['data/**/*.csv', 'databases/a.csv', false],
  ['part-?.csv', 'part-1.csv', true],
  ['part-?.csv', 'part-12.csv', false],
  ['part-[0-2].csv', 'part-1.csv', true],
  ['part-[0-2].csv', 'part-3.csv', false],
  ['part-[!0-2].csv', 'part-3.csv', true],
  ['part-[!0-2].csv', 'part-1.csv', false],
  ['{train,test}-*.parquet', 'test-00.parquet', true],
  ['{train,test}-*.parquet', 'dev-00.parquet', false],
  ['{train*,test}.csv', 'train-7.csv', true],
  ['a[b.csv', 'a[b.csv', true],
  ['a{b.csv', 'a{b.csv', true],
  ['(a|b)+.csv', '(a|b)+.csv', true],
  ['(a|b)+.csv', 'a.csv', false],
];

describe('globExpression', () => {
  it.each(CASES)('%s against %s: %s', (pattern, path, matches) => {
    expect(globExpression(pattern).test(path)).toBe(matches);
  });
});

it('knows a glob, and the folder that its matches lie in', () => {
  expect(['a/b.csv', 'a/*.csv', 'a/?.csv', 'a/[b].csv', 'a/{b,c}.csv'].map(isGlob)).toEqual([
    false,
    true,
    true,
    true,
    true,
  ]);
  expect(['/data/de/*.csv', '/data/d*/a.csv', '*.csv', '/data/**', 'data/a.csv'].map(globFolder)).toEqual([
    '/data/de',
    '/data',
    '',
    '/data',
    'data',
  ]);
});
