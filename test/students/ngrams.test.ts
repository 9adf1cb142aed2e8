import { murmurHash, type NgramBlock, NgramCounter, tokenise } from '../../src/students/ngrams.js';
import oracle from './fixtures/linear-oracle.json' with { type: 'json' };

/** Counts by n-gram: each bucket is named by the n-gram that falls into it. */
function countsOf(block: NgramBlock, tokens: string[], ngrams: string[]): Record<string, number> {
  const { buckets, counts } = new NgramCounter(block).count(tokens);
  const names = new Map(ngrams.map((ngram) => [hashOf(ngram) % block.buckets, ngram]));
  return Object.fromEntries([...buckets].map((bucket, i) => [names.get(bucket) ?? `bucket ${bucket}`, counts[i]!]));
}

const hashOf = (ngram: string) => murmurHash(Array.from(ngram, (character) => character.codePointAt(0)!));

describe('tokenise', () => {
  it('lower-cases and normalises, and splits at all but letters, digits and the marks on them', () => {
    expect(tokenise("ＮＯＫＩＡ's Profit-warning…\nÄrhus")).toEqual(['nokia', 's', 'profit', 'warning', 'ärhus']);
  });

  it('keeps numbers with their separators, percent and currency signs, and emoji', () => {
    expect(tokenise('Up 61.5% to €1,200.50, (Q3). 🎉🎉')).toEqual([
      'up',
      '61.5',
      '%',
      'to',
      '€',
      '1,200.50',
      'q3',
      '🎉',
      '🎉',
    ]);
  });

  it('finds no words in an empty text or in punctuation', () => {
    expect([tokenise(''), tokenise(' -- !? ')]).toEqual([[], []]);
  });
});

describe('murmurHash', () => {
  it('gives the published test vectors of MurmurHash3_x86_32', () => {
    expect(murmurHash([])).toBe(0);
    expect(murmurHash([0])).toBe(0x2362f9de);
    expect(murmurHash([0xffffffff])).toBe(0x76293b50);
    expect(murmurHash([0x87654321])).toBe(0xf55b516b);
    expect(murmurHash([0x74736574])).toBe(0xba6bd213);
  });

  it("gives scikit-learn's hash of an n-gram's UTF-32LE bytes", () => {
    expect(oracle.hashes.map(({ ngram }) => hashOf(ngram))).toEqual(oracle.hashes.map(({ hash }) => hash));
  });
});

describe('NgramCounter', () => {
  const words: NgramBlock = { unit: 'word', lengths: [1, 2], buckets: 2 ** 20 };
  const characters: NgramBlock = { unit: 'char', lengths: [3, 5], buckets: 2 ** 20 };

  it('counts words and pairs of neighbours', () => {
    const expected = { up: 2, 'up and': 1, and: 1, 'and up': 1 };
    expect(countsOf(words, ['up', 'and', 'up'], Object.keys(expected))).toEqual(expected);
  });

  it('counts characters inside words, with a space at both ends', () => {
    const expected = { ' ab': 2, ' ab ': 2, 'ab ': 2, ' é ': 1 };
    expect(countsOf(characters, ['ab', 'é', 'ab'], Object.keys(expected))).toEqual(expected);
  });

  it('takes a character outside the basic plane for one', () => {
    expect(countsOf(characters, ['🎉'], [' 🎉 '])).toEqual({ ' 🎉 ': 1 });
  });

  it('counts each text from zero, and more n-grams than its arrays held at first', () => {
    const counter = new NgramCounter(words);
    const many = Array.from({ length: 3000 }, (_, i) => `w${i}`);
    expect(counter.count(many).counts.reduce((sum, count) => sum + count, 0)).toBe(5999);
    expect(counter.count(['up']).counts).toEqual(Float32Array.of(1));
    expect(counter.count([]).buckets).toHaveLength(0);
  });

  it('adds up n-grams that share a bucket', () => {
    const { buckets, counts } = new NgramCounter({ ...words, buckets: 1 }).count(['a', 'b', 'c']);
    expect([[...buckets], [...counts]]).toEqual([[0], [5]]);
  });
});
