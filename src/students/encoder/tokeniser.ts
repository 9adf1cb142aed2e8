/** Texts to token ids, cut to a length: the tokenizers package itself neither cuts nor pads. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';

export const TOKENISER_FILE = 'tokenizer.json';

export interface Tokens {
  readonly ids: readonly number[];
  /** The text had more tokens than it may have. */
  readonly cut: boolean;
}

export class Tokeniser {
  /** Special tokens at the end of each text. */
  private readonly suffix: readonly number[];
  /** It puts special tokens around each text, so that none has no token at all. */
  readonly addsTokens: boolean;

  constructor(
    private readonly tokenizer: Tokenizer,
    /** Most tokens of a text, the special ones included. */
    private readonly maxLength: number,
  ) {
    const bare: number[] = tokenizer.encode(PROBE, { add_special_tokens: false }).ids;
    const ids: number[] = tokenizer.encode(PROBE).ids;
    const prefix = ids.findIndex((_, start) => bare.every((id, offset) => ids[start + offset] === id));
    this.suffix = ids.slice(prefix + bare.length);
    this.addsTokens = ids.length > bare.length;
  }

  encode(text: string): Tokens {
    const ids = this.enoughOf(text);
    if (ids.length <= this.maxLength) return { ids, cut: false };
    return { ids: [...ids.slice(0, this.maxLength - this.suffix.length), ...this.suffix], cut: true };
  }

  /** Of a long text only as much as its first tokens need: the package takes a time that grows with the square of the tokens,
   *  minutes for a megabyte. */
  private enoughOf(text: string): number[] {
    for (let length = CHARACTERS_A_TOKEN * this.maxLength; ; length *= 2) {
      const start = startOf(text, length);
      const { ids } = this.tokenizer.encode(start);
      // Far behind the last token that counts, so that the end of the start doesn't matter.
      if (start.length === text.length || ids.length > 2 * this.maxLength) return ids;
    }
  }
}

/** More than tokens of most languages have. */
const CHARACTERS_A_TOKEN = 16;

/** To before a white space, if there is one: no token goes across it. */
function startOf(text: string, length: number): string {
  if (text.length <= length) return text;
  let end = length;
  while (end > 0 && !/\s/.test(text[end]!)) end--;
  return text.slice(0, end === 0 ? length : end);
}

/** What tokenizer.json holds, as far as it is of use here. */
interface TokenizerFile {
  readonly normalizer?: object | null;
}

/** Reads tokenizer.json, and tokenizer_config.json where there is one. The prefix stands before each text. */
export async function openTokeniser(folder: string, maxLength: number, prefix = ''): Promise<Tokeniser> {
  const tokenizer = withPrefix(await readTokenizer(folder), prefix);
  return new Tokeniser(new Tokenizer(tokenizer, await readTokenizerConfig(folder)), maxLength);
}

export async function readTokenizer(folder: string): Promise<TokenizerFile> {
  return JSON.parse(await readFile(join(folder, TOKENISER_FILE), 'utf8'));
}

/** The tokeniser that puts the prefix before each text by itself, so that nobody who loads a student's folder has to know of it.
 *  A text that itself holds a special token gets it on both sides of that. */
export function withPrefix(tokenizer: TokenizerFile, prefix: string): TokenizerFile {
  if (prefix === '') return tokenizer;
  const normalizers = [{ type: 'Prepend', prepend: prefix }, ...(tokenizer.normalizer ? [tokenizer.normalizer] : [])];
  return { ...tokenizer, normalizer: { type: 'Sequence', normalizers } };
}

/** What tells the special tokens from the text's own. */
const PROBE = 'a';

export async function readTokenizerConfig(folder: string): Promise<object> {
  try {
    return JSON.parse(await readFile(join(folder, 'tokenizer_config.json'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
