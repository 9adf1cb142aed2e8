import { murmurHash, type NgramBlock, NgramCounter, normalise } from '../../src/students/ngrams.js';
import oracle from './fixtures/linear-oracle.json' with { type: 'json' };

/** Counts by n-gram: each bucket is named by the n-gram that falls into it. */
function countsOf(block: NgramBlock, text: string, ngrams: string[]): Record<string, number> {
  const { buckets, counts } = new NgramCounter(block).count(text);
  const names = new Map(ngrams.map((ngram) => [hashOf(ngram) % block.buckets, ngram]));
  return Object.fromEntries([...buckets].map((bucket, i) => [names.get(bucket) ?? `bucket ${bucket}`, counts[i]!]));
}

const hashOf = (ngram: string) => murmurHash(Array.from(ngram, (character) => character.codePointAt(0)!));

describe('normalise', () => {
  it('lower-cases, and takes full-width letters, ligatures and no-break spaces for the plain ones', () => {
    expect(normalise('ＮＯＫＩＡ ﬁnds\u00a0Ärhus…')).toBe('nokia finds ärhus...');
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
    expect(countsOf(words, 'up and up', Object.keys(expected))).toEqual(expected);
  });

  it('takes runs of two or more letters, marks, digits and underscores for words, passing over all else', () => {
    const expected = {
      q3: 1,
      'q3 eps_growth': 1,
      eps_growth: 1,
      'eps_growth हिन्दी': 1,
      हिन्दी: 1,
      'हिन्दी 12': 1,
      '12': 1,
    };
    expect(countsOf(words, 'q3, a (eps_growth) 🎉 हिन्दी 12.5 %', Object.keys(expected))).toEqual(expected);
  });

  it('counts characters inside words, with a space at both ends', () => {
    const expected = { ' ab': 2, ' ab ': 2, 'ab ': 2, ' é ': 1 };
    expect(countsOf(characters, 'ab é\t\nab ', Object.keys(expected))).toEqual(expected);
  });

  it('counts punctuation among the characters of the word it stands at', () => {
    const expected = { ' 8%': 1, ' 8%,': 1, ' 8%, ': 1, '8%,': 1, '8%, ': 1, '%, ': 1 };
    expect(countsOf(characters, '8%,', Object.keys(expected))).toEqual(expected);
  });

  it('counts a padded word that is shorter than the n-grams once, as a whole', () => {
    const expected = { ' a ': 1, ' ab ': 1 };
    expect(countsOf({ ...characters, lengths: [4, 5] }, 'a ab', Object.keys(expected))).toEqual(expected);
  });

  it('takes a character outside the basic plane for one', () => {
    expect(countsOf(characters, '🎉', [' 🎉 '])).toEqual({ ' 🎉 ': 1 });
  });

  it('counts each text from zero, and more n-grams than its arrays held at first', () => {
    const counter = new NgramCounter(words);
    const many = Array.from({ length: 3000 }, (_, i) => `w${i}`).join(' ');
    expect(counter.count(many).counts.reduce((sum, count) => sum + count, 0)).toBe(5999);
    expect(counter.count('up').counts).toEqual(Float32Array.of(1));
    expect(counter.count('a -- !?').buckets).toHaveLength(0);
  });

  it('adds up n-grams that share a bucket', () => {
    const { buckets, counts } = new NgramCounter({ ...words, buckets: 1 }).count('aa bb cc');
    expect([[...buckets], [...counts]]).toEqual([[0], [5]]);
  });
});
