/** Texts as tokens: long ones are cut, and read no further than that needs. */
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { readTokenizer, readTokenizerConfig, Tokeniser } from '../../../src/students/encoder/tokeniser.js';
import { seeded } from '../../support/seeded.js';

const LONGEST = 24;
const WORDS = [
  'profit',
  'fell',
  "isn't",
  'Straße',
  '12,5',
  '—',
  '漢字',
  'e\u0301',
  '😀',
  'internationalisation',
  ' \t',
  '\n',
];

/** Keeps how long the texts are that it is asked to encode. */
class WatchedTokenizer {
  readonly lengths: number[] = [];

  constructor(private readonly tokenizer: Tokenizer) {}

  encode(text: string, options?: object): { ids: number[] } {
    this.lengths.push(text.length);
    return this.tokenizer.encode(text, options);
  }
}

describe.each(['bert', 'roberta', 'xlm-roberta'])('the tokeniser of %s', (name) => {
  let whole: Tokenizer;
  let watched: WatchedTokenizer;
  let tokeniser: Tokeniser;
  beforeEach(async () => {
    const folder = join(__dirname, 'fixtures', name);
    whole = new Tokenizer(await readTokenizer(folder), await readTokenizerConfig(folder));
    watched = new WatchedTokenizer(whole);
    tokeniser = new Tokeniser(watched as unknown as Tokenizer, LONGEST);
  });

  /** All tokens of the text, cut as transformers does it: the special token at the end stays. */
  function cut(text: string): number[] {
    const { ids } = whole.encode(text);
    return ids.length <= LONGEST ? ids : [...ids.slice(0, LONGEST - 1), ids.at(-1)!];
  }

  it('gives the first tokens of the whole text', () => {
    const draw = seeded(7);
    for (let run = 0; run < 60; run++) {
      const words = Array.from({ length: Math.floor(200 * draw()) }, () => WORDS[Math.floor(WORDS.length * draw())]!);
      const text = words.join(draw() < 0.8 ? ' ' : '');
      expect(tokeniser.encode(text).ids).toEqual(cut(text));
    }
    for (const text of ['x'.repeat(3000), `${'y'.repeat(900)} and more`, ' '.repeat(3000)]) {
      expect(tokeniser.encode(text).ids).toEqual(cut(text));
    }
  });

  it('reads no more of a long text than its first tokens need', () => {
    const text = 'The profit fell, which surprised. '.repeat(30_000);
    expect(tokeniser.encode(text)).toMatchObject({ cut: true, ids: { length: LONGEST } });
    expect(Math.max(...watched.lengths)).toBeLessThan(100 * LONGEST);
  });
});
